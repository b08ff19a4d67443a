#include "framework/capture/graphed_step.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "framework/core/profile.h"

namespace cf {
namespace {

// The memory of a recording. Recorded work goes on using what it was given, so nothing is handed back before the end.
class PoolSource final : public RawSource {
 public:
  explicit PoolSource(Device device) : device_(device), source_(services_of(device).new_source(device.index)) {}
  ~PoolSource() override {
    for (const auto& [data, bytes] : kept_) source_->release(data, bytes);
  }
  PoolSource(const PoolSource&) = delete;
  PoolSource& operator=(const PoolSource&) = delete;

  void* allocate(std::size_t bytes) override {
    void* data = source_->allocate(bytes);
    if (data != nullptr || recording()) return data;
    // What the device's own allocator keeps for reuse would do as well.
    services_of(device_).allocator(device_.index).trim();
    return source_->allocate(bytes);
  }
  void release(void* data, std::size_t bytes) override {
    if (recording()) {
      kept_.emplace_back(data, bytes);
    } else {
      source_->release(data, bytes);
    }
  }
  bool host_memory() const override { return source_->host_memory(); }
  std::string name() const override { return source_->name() + ", for recorded work"; }

 private:
  bool recording() const { return services_of(device_).recording(device_.index); }

  Device device_;
  std::unique_ptr<RawSource> source_;
  std::vector<std::pair<void*, std::size_t>> kept_;
};

}  // namespace

GraphedStep::GraphedStep(Device device, std::string name, Work work, int warm_up)
    : device_(device),
      name_(std::move(name)),
      work_(std::move(work)),
      warm_up_(std::max(warm_up, 2)),
      pool_(std::make_unique<PoolSource>(device)) {
  check(!device.is_cpu(), "capture: {} would run on the CPU, which does work at once; recording needs a GPU", name_);
}

GraphedStep::~GraphedStep() = default;

const std::vector<Tensor>& GraphedStep::run() {
  if (runs_ < warm_up_) {
    results_.clear();
    ++runs_;
    // The last run before the recording fills the pool, so that the recording asks the driver for little or nothing.
    CachingAllocator& memory = runs_ == warm_up_ ? pool_ : allocator_for(device_);
    const UseAllocator use(device_, memory);
    results_ = work_();
    return results_;
  }
  if (!recorded()) record();
  recording_->launch();
  return results_;
}

void GraphedStep::record() {
  results_.clear();
  const DeviceServices& services = services_of(device_);
  const profile::Witness witness;
  services.record_begin(device_.index);
  try {
    const UseAllocator use(device_, pool_);
    results_ = work_();
    recording_.reset(services.record_end(device_.index));
  } catch (const std::exception& e) {
    services.record_abandon(device_.index);
    const std::string place = profile::Witness::place();
    fail("capture: {} cannot be recorded{}: {}. It runs with capture=false", name_, place.empty() ? "" : ", at " + place,
         e.what());
  }
}

}  // namespace cf
