// Ranks with a GPU each. Compiled where there is NCCL; no line of it has run on a GPU yet (docs/gpu.md).
#include <cstring>
#include <vector>

#include "framework/core/device_services.h"
#include "framework/dist/groups.h"
#include "framework/dist/host_sums.h"
#include "framework/dist/nccl/library.h"
#include "framework/dist/watch.h"
#include "kernels/cuda/context.h"
#include "kernels/table.h"

namespace cf {
namespace {

using cuda::check_status;
using cuda::nccl;

class Event {
 public:
  Event() { check_status(cudaEventCreateWithFlags(&raw_, cudaEventDisableTiming), "creating an event"); }
  ~Event() { cudaEventDestroy(raw_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  // What is queued on `later` from now on comes after what `earlier` has now.
  void order(cudaStream_t earlier, cudaStream_t later) const {
    record(earlier);
    hold(later);
  }
  void record(cudaStream_t stream) const { check_status(cudaEventRecord(raw_, stream), "marking work"); }
  void hold(cudaStream_t stream) const { check_status(cudaStreamWaitEvent(stream, raw_, 0), "waiting for work"); }

 private:
  cudaEvent_t raw_ = nullptr;
};

ncclDataType_t nccl_type(const Tensor& values) {
  check(values.dtype() == DType::f32 || values.dtype() == DType::f64, "ranks: f32 and f64 travel between them, not {}",
        name_of(values.dtype()));
  return values.dtype() == DType::f64 ? ncclFloat64 : ncclFloat32;
}

// Holds the tensor, whose memory the sum's stream uses.
class NcclSum final : public PendingSum {
 public:
  NcclSum(Tensor values, cudaStream_t sums) : values_(std::move(values)) { done_.record(sums); }
  ~NcclSum() override {
    // Where nobody waited: the memory may be given to somebody else only behind the sum.
    if (!waited_) cudaDeviceSynchronize();
  }
  NcclSum(const NcclSum&) = delete;
  NcclSum& operator=(const NcclSum&) = delete;
  void wait() override {
    waited_ = true;
    cuda::use_device(values_.device().index);
    done_.hold(cuda::stream());
  }

 private:
  Tensor values_;
  Event done_;
  bool waited_ = false;
};

class NcclGroup final : public ProcessGroup {
 public:
  NcclGroup(ProcessGroup& hosts, Device device) : hosts_(hosts), device_(device) {
    cuda::use_device(device_.index);
    ncclUniqueId id{};
    if (rank() == 0) check_status(nccl().unique_id(&id), "opening a group of GPUs");
    const std::string sent = hosts_.broadcast_text({id.internal, sizeof(id.internal)}, 0);
    std::memcpy(id.internal, sent.data(), sizeof(id.internal));
    check_status(nccl().open(&group_, size(), id, rank()), "opening a group of GPUs");
    check_status(cudaStreamCreateWithFlags(&sums_, cudaStreamNonBlocking), "creating a stream");
    watch::set_probe([group = group_] { return failure_of(group); });
  }
  ~NcclGroup() override {
    watch::set_probe(nullptr);
    nccl().destroy(group_);
    cudaStreamDestroy(sums_);
  }
  NcclGroup(const NcclGroup&) = delete;
  NcclGroup& operator=(const NcclGroup&) = delete;

  int rank() const override { return hosts_.rank(); }
  int size() const override { return hosts_.size(); }
  std::string backend() const override { return "nccl"; }

  void sum(const Tensor& values) override { begin_sum(values)->wait(); }
  std::unique_ptr<PendingSum> begin_sum(const Tensor& values) override;
  void tree_sum(const Tensor& values) override;
  void broadcast(const Tensor& values, int root) override;

  std::string broadcast_text(const std::string& text, int root) override { return hosts_.broadcast_text(text, root); }
  std::vector<std::string> all_gather_text(const std::string& text) override { return hosts_.all_gather_text(text); }
  std::vector<std::string> gather_text(const std::string& text) override { return hosts_.gather_text(text); }
  void barrier() override { hosts_.barrier(); }

 private:
  // Of a rank that is gone, or a connection.
  static std::string failure_of(ncclComm_t group) {
    ncclResult_t status = ncclSuccess;
    if (nccl().async_error(group, &status) != ncclSuccess || status == ncclSuccess || status == ncclInProgress) return {};
    return cuda::describe(status);
  }
  // Throws Error unless `values` can travel now.
  void check_travels(const Tensor& values) const {
    check(values.defined() && values.device() == device_, "ranks: the group's tensors are on {}, this one is on {}",
          device_.str(), values.defined() ? values.device().str() : "no device: it is undefined");
    cuda::use_device(device_.index);
    check(!services_of(device_).recording(device_.index), "ranks: sums have no place in recorded work");
    watch::throw_verdict();
  }

  ProcessGroup& hosts_;
  Device device_;
  ncclComm_t group_ = nullptr;
  cudaStream_t sums_ = nullptr;
  Event computed_;
};

std::unique_ptr<PendingSum> NcclGroup::begin_sum(const Tensor& values) {
  check_travels(values);
  computed_.order(cuda::stream(), sums_);
  void* data = values.view().data;
  check_status(nccl().all_reduce(data, data, static_cast<std::size_t>(values.numel()), nccl_type(values), ncclSum, group_, sums_),
               "summing over GPUs");
  return std::make_unique<NcclSum>(values, sums_);
}

// In the computation's own stream: its order is the tree's.
void NcclGroup::tree_sum(const Tensor& values) {
  check_travels(values);
  check_tree(size());
  check(values.dtype() == DType::f32, "ranks: on GPUs sums in a fixed tree are of f32, not {}", name_of(values.dtype()));
  const auto count = static_cast<std::size_t>(values.numel());
  void* data = values.view().data;
  for (int step = 1; step < size(); step *= 2) {
    if (rank() % (2 * step) != 0) {
      check_status(nccl().send(data, count, ncclFloat32, rank() - step, group_, cuda::stream()), "sending to a GPU");
      break;
    }
    const Tensor other = Tensor::empty(values.shape(), values.dtype(), device_);
    check_status(nccl().receive(other.view().data, count, ncclFloat32, rank() + step, group_, cuda::stream()),
                 "receiving from a GPU");
    kernels_for(device_).elementwise.binary(Binary::add, values.cview(), other.cview(), values.view());
  }
  broadcast(values, 0);
}

void NcclGroup::broadcast(const Tensor& values, int root) {
  check(root >= 0 && root < size(), "ranks: there is no rank {} among {}", root, size());
  check_travels(values);
  void* data = values.view().data;
  check_status(
      nccl().broadcast(data, data, static_cast<std::size_t>(values.numel()), nccl_type(values), root, group_, cuda::stream()),
      "sending to all GPUs");
}

}  // namespace

std::string nccl_missing() {
  try {
    (void)nccl();
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

std::unique_ptr<ProcessGroup> nccl_group(ProcessGroup& hosts, Device device) {
  return std::make_unique<NcclGroup>(hosts, device);
}

}  // namespace cf
