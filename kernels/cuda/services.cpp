// The services of CUDA devices (framework/core/device_services.h).
#include "framework/core/device_services.h"

#include <array>
#include <memory>
#include <mutex>

#include "framework/core/allocator.h"
#include "kernels/cuda/context.h"
#include "kernels/cuda/nvtx.h"
#include "kernels/cuda/open.h"
#include "kernels/cuda/streams.h"

namespace cf::cuda {
namespace {

// Oldest driver whose CUDA is the one this program was built with (major version decides).
constexpr int kNeededDriver = CUDART_VERSION / 1000 * 1000;

std::string version_text(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

std::string describe_device(int index) {
  cudaDeviceProp p{};
  check_status(cudaGetDeviceProperties(&p, index), "reading the device's properties");
  int driver = 0;
  check_status(cudaDriverGetVersion(&driver), "reading the driver's version");
  return fmt::format("{}, {:.0f} GiB, compute capability {}.{}, driver for CUDA {}", p.name,
                     static_cast<double>(p.totalGlobalMem) / 0x1p30, p.major, p.minor, version_text(driver));
}

// While alive, this thread may allocate and release memory though it records: neither is part of the recorded work.
class OutsideRecording {
 public:
  OutsideRecording() { exchange(); }
  ~OutsideRecording() { exchange(); }
  OutsideRecording(const OutsideRecording&) = delete;
  OutsideRecording& operator=(const OutsideRecording&) = delete;

 private:
  void exchange() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
};

class DeviceSource final : public RawSource {
 public:
  explicit DeviceSource(int index) : index_(index) {}
  void* allocate(std::size_t bytes) override {
    use_device(index_);
    const OutsideRecording outside;
    void* data = nullptr;
    const cudaError_t status = cudaMalloc(&data, bytes);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // the refusal is answered by the allocator and must not be found by the next check
      return nullptr;
    }
    check_status(status, "allocating GPU memory");
    return data;
  }
  void release(void* data, std::size_t) override {
    use_device(index_);
    check_status(cudaFree(data), "releasing GPU memory");
  }
  bool host_memory() const override { return false; }
  std::string name() const override { return fmt::format("cuda:{} ({})", index_, describe_device(index_)); }

 private:
  int index_;
};

std::size_t free_bytes(int index) {
  use_device(index);
  std::size_t free = 0;
  std::size_t total = 0;
  check_status(cudaMemGetInfo(&free, &total), "asking for free GPU memory");
  return free;
}

class PinnedSource final : public RawSource {
 public:
  void* allocate(std::size_t bytes) override {
    void* data = nullptr;
    if (cudaMallocHost(&data, bytes) == cudaSuccess) return data;
    cudaGetLastError();
    return nullptr;
  }
  void release(void* data, std::size_t) override { check_status(cudaFreeHost(data), "releasing pinned memory"); }
  std::string name() const override { return "pinned host memory"; }
};

// Pinning a page is slow, so staging buffers are kept and used again.
CachingAllocator& pinned_pool() {
  static auto* pool = new CachingAllocator(std::make_unique<PinnedSource>());
  return *pool;
}

CachingAllocator& device_allocator(int index) {
  static std::mutex mutex;
  static std::array<CachingAllocator*, kMostDevices> all{};
  const std::scoped_lock lock(mutex);
  CachingAllocator*& allocator = all.at(static_cast<std::size_t>(index));
  if (allocator == nullptr) allocator = new CachingAllocator(std::make_unique<DeviceSource>(index));
  return *allocator;
}

void copy_queued(int index, void* to, const void* from, std::size_t bytes) {
  use_device(index);
  check_status(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream()), "copying");
}

void synchronize(int index) {
  use_device(index);
  check_status(cudaStreamSynchronize(stream()), "waiting for the GPU");
}

void copy_out(int index, void* host, const void* from, std::size_t bytes) {
  copy_queued(index, host, from, bytes);
  synchronize(index);
}

void fence_beside(int index) {
  use_device(index);
  const Streams& s = streams(index);
  check_status(cudaEventRecord(s.fence, s.compute), "marking the computation");
  check_status(cudaStreamWaitEvent(s.beside, s.fence, 0), "waiting for the computation");
}

void copy_beside(int index, void* to, const void* host, std::size_t bytes) {
  use_device(index);
  check_status(cudaMemcpyAsync(to, host, bytes, cudaMemcpyHostToDevice, streams(index).beside), "copying to the GPU");
}

void join_beside(int index) {
  use_device(index);
  const Streams& s = streams(index);
  check_status(cudaEventRecord(s.joined, s.beside), "marking the copies");
  check_status(cudaStreamWaitEvent(s.compute, s.joined, 0), "waiting for the copies");
}

void wait_beside(int index) {
  use_device(index);
  check_status(cudaStreamSynchronize(streams(index).beside), "waiting for copies to the GPU");
}

class Graph final : public RecordedWork {
 public:
  Graph(int index, cudaGraph_t graph) : index_(index), graph_(graph) {
    check_status(cudaGraphInstantiate(&executable_, graph_, 0), "preparing recorded work");
    check_status(cudaGraphGetNodes(graph_, nullptr, &nodes_), "counting recorded work");
  }
  ~Graph() override {
    cudaGraphExecDestroy(executable_);
    cudaGraphDestroy(graph_);
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  void launch() override {
    use_device(index_);
    check_status(cudaGraphLaunch(executable_, stream()), "starting recorded work");
  }
  std::size_t size() const override { return nodes_; }

 private:
  int index_;
  cudaGraph_t graph_;
  cudaGraphExec_t executable_ = nullptr;
  std::size_t nodes_ = 0;
};

void record_begin(int index) {
  use_device(index);
  check_status(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal), "beginning to record work");
}

cudaGraph_t end_capture(int index) {
  use_device(index);
  cudaGraph_t graph = nullptr;
  const cudaError_t status = cudaStreamEndCapture(stream(), &graph);
  if (status == cudaSuccess) return graph;
  cudaGetLastError();
  fail("recording work: {}", describe(status));
}

bool recording(int index) {
  use_device(index);
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  check_status(cudaStreamIsCapturing(stream(), &status), "asking for the state of recording");
  return status != cudaStreamCaptureStatusNone;
}

const DeviceServices kServices = {
    .count =
        [] {
          int n = 0;
          check_status(cudaGetDeviceCount(&n), "counting devices");
          return n;
        },
    .use = use_device,
    .describe = describe_device,
    .allocator = device_allocator,
    .new_source = [](int index) -> RawSource* { return new DeviceSource(index); },
    .free_bytes = free_bytes,
    .copy_in = copy_queued,  // from pageable memory it returns once the driver has its own copy
    .copy_out = copy_out,
    .copy = copy_queued,
    .zero =
        [](int index, void* to, std::size_t bytes) {
          use_device(index);
          check_status(cudaMemsetAsync(to, 0, bytes, stream()), "zeroing");
        },
    .synchronize = synchronize,
    .pinned_allocate = [](std::size_t bytes) { return pinned_pool().allocate(bytes); },
    .pinned_release = [](void* host) { pinned_pool().release(host); },
    .fence_beside = fence_beside,
    .copy_beside = copy_beside,
    .join_beside = join_beside,
    .wait_beside = wait_beside,
    .record_begin = record_begin,
    .record_end = [](int index) -> RecordedWork* { return new Graph(index, end_capture(index)); },
    .record_abandon =
        [](int index) {
          use_device(index);
          cudaGraph_t graph = nullptr;
          if (cudaStreamEndCapture(stream(), &graph) == cudaSuccess && graph != nullptr) cudaGraphDestroy(graph);
          cudaGetLastError();
        },
    .recording = recording,
};

// What keeps CUDA from working, or empty.
std::string missing() {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    cudaGetLastError();
    return fmt::format("no NVIDIA driver was found; install one for CUDA {} or newer", version_text(kNeededDriver));
  }
  if (driver < kNeededDriver) {
    return fmt::format(
        "the NVIDIA driver is for CUDA {}, too old for this program, which needs CUDA {} or newer; update the driver",
        version_text(driver), version_text(kNeededDriver));
  }
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    cudaGetLastError();
    return status == cudaSuccess || status == cudaErrorNoDevice
               ? "there is a driver, but no NVIDIA GPU; see nvidia-smi and CUDA_VISIBLE_DEVICES"
               : fmt::format("the NVIDIA driver does not answer: {}", describe(status));
  }
  return "";
}

}  // namespace

std::string open() {
  std::string what = missing();
  if (what.empty()) {
    install_services(Device::Kind::cuda, &kServices);
    install_nvtx();
  }
  return what;
}

}  // namespace cf::cuda
