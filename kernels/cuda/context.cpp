#include "kernels/cuda/context.h"

#include <array>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "kernels/cuda/streams.h"

namespace cf::cuda {
namespace {

thread_local int current = -1;

}  // namespace

Streams& streams(int index) {
  static std::mutex mutex;
  static std::array<Streams*, kMostDevices> all{};
  check(index >= 0 && index < kMostDevices, "cuda:{}: beyond the {} devices that one process can use", index, kMostDevices);
  const std::scoped_lock lock(mutex);
  Streams*& s = all[static_cast<std::size_t>(index)];
  if (s == nullptr) {
    use_device(index);
    // Never destroyed: the driver may be gone before static objects are.
    s = new Streams;
    check_status(cudaStreamCreateWithFlags(&s->compute, cudaStreamNonBlocking), "creating a stream");
    check_status(cudaStreamCreateWithFlags(&s->beside, cudaStreamNonBlocking), "creating a stream");
    check_status(cudaEventCreateWithFlags(&s->fence, cudaEventDisableTiming), "creating an event");
    check_status(cudaEventCreateWithFlags(&s->joined, cudaEventDisableTiming), "creating an event");
  }
  return *s;
}

void use_device(int index) {
  if (current == index) return;
  check_status(cudaSetDevice(index), "choosing the device");
  current = index;
}

int current_device() {
  if (current < 0) use_device(0);
  return current;
}

cudaStream_t stream() {
  thread_local int last = -1;
  thread_local cudaStream_t compute = nullptr;
  const int index = current_device();
  if (index != last) {
    compute = streams(index).compute;
    last = index;
  }
  return compute;
}

bool synchronous() {
  static const bool on = [] {
    const char* value = std::getenv("CF_SYNC");
    return value != nullptr && std::string_view(value) == "1";
  }();
  return on;
}

LaunchScope::LaunchScope(const char* name, const void* kernel, std::size_t shared_bytes) : name_(name), stream_(cuda::stream()) {
  constexpr std::size_t kWithoutAsking = std::size_t{48} << 10U;
  if (shared_bytes > kWithoutAsking) {
    check_status(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)), name);
  }
}

void LaunchScope::check() const {
  check_status(cudaGetLastError(), name_);
  if (!synchronous()) return;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  check_status(cudaStreamIsCapturing(stream_, &capture), name_);
  if (capture == cudaStreamCaptureStatusNone) check_status(cudaStreamSynchronize(stream_), name_);
}

}  // namespace cf::cuda
