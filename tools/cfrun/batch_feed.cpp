#include "tools/cfrun/batch_feed.h"

#include <optional>
#include <utility>

#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "framework/core/log.h"
#include "tools/cfrun/resident_set.h"

namespace cf {
namespace {

class HostFeed final : public BatchFeed {
 public:
  using BatchFeed::BatchFeed;
  void load(std::int64_t step) override { batch_ = read(step); }
};

// Host memory that the device's copies reach by themselves.
class PinnedSource final : public RawSource {
 public:
  explicit PinnedSource(Device device) : device_(device), services_(services_of(device)) {}
  void* allocate(std::size_t bytes) override {
    services_.use(device_.index);  // the loader's thread knows no device yet
    return services_.pinned_allocate(bytes);
  }
  void release(void* data, std::size_t) override { services_.pinned_release(data); }
  std::string name() const override { return "pinned host memory"; }

 private:
  Device device_;
  const DeviceServices& services_;
};

LoaderOptions with_pinned_memory(LoaderOptions options, Device device) {
  options.memory = std::make_shared<CachingAllocator>(std::make_unique<PinnedSource>(device));
  return options;
}

// The loader's thread fills pinned memory. While a step computes, the next batch is copied to a place of its own on the
// device, from where it moves to the batch that steps read.
class StagedFeed final : public BatchFeed {
 public:
  StagedFeed(const Dataset& set, const LoaderOptions& options, Device device)
      : BatchFeed(set, with_pinned_memory(options, device)), device_(device), services_(services_of(device)) {}
  ~StagedFeed() override {
    try {
      services_.wait_beside(device_.index);
    } catch (const Error& e) {
      log::warning("copies to {}: {}", device_.str(), e.what());
    }
  }
  StagedFeed(const StagedFeed&) = delete;
  StagedFeed& operator=(const StagedFeed&) = delete;

  void load(std::int64_t step) override {
    Batch next = read(step);
    // The copy before this one began before the computation of its step, so this ends while a step or two are still queued.
    services_.wait_beside(device_.index);
    host_ = std::move(next);
    if (!batch_.pan.defined()) make_places();
    for (const auto image : ResidentSet::kImages) copy_beside(host_.*image, staged_.*image);
    services_.join_beside(device_.index);
    for (const auto image : ResidentSet::kImages) {
      if ((host_.*image).defined()) (batch_.*image).copy_from(staged_.*image);
    }
    // The next copy may overwrite the staged batch once it has moved on.
    services_.fence_beside(device_.index);
  }

 private:
  void make_places() {
    for (const auto image : ResidentSet::kImages) {
      const Tensor& host = host_.*image;
      if (!host.defined()) continue;
      staged_.*image = Tensor::empty(host.shape(), host.dtype(), device_);
      batch_.*image = Tensor::empty(host.shape(), host.dtype(), device_);
    }
    // Queued work may still use memory that was freed and taken again here.
    services_.fence_beside(device_.index);
  }

  void copy_beside(const Tensor& host, const Tensor& staged) const {
    if (!host.defined()) return;
    services_.copy_beside(device_.index, staged.view().data, host.cview().data,
                          static_cast<std::size_t>(host.numel()) * size_of(host.dtype()));
  }

  Device device_;
  const DeviceServices& services_;
  Batch host_;  // being copied
  Batch staged_;
};

// The set lies on the device, and so do the order and the symmetries of an epoch: a step sends nothing.
class ResidentFeed final : public BatchFeed {
 public:
  ResidentFeed(const Dataset& set, const LoaderOptions& options, const ResidentSet::Plan& plan, Device device)
      : BatchFeed(set, options), set_(set, plan, device), samples_(options.batch), device_(device) {
    batch_ = set_.make_batch(samples_);
  }

  void load(std::int64_t step) override {
    const std::int64_t steps = loader_.steps_per_epoch();
    if (step / steps != epoch_) send_epoch(step / steps);
    const auto of_step = [&](const Tensor& all) {
      return Tensor::window(all.storage(), step % steps * samples_, {samples_}, all.dtype());
    };
    set_.gather(of_step(order_), of_step(symmetries_), batch_);
  }

 private:
  void send_epoch(std::int64_t epoch) {
    const std::int64_t steps = loader_.steps_per_epoch();
    std::vector<std::int64_t> order;
    std::vector<std::uint8_t> codes;
    for (std::int64_t step = epoch * steps; step < (epoch + 1) * steps; ++step) {
      for (const std::int64_t i : loader_.indices_of(step)) order.push_back(i);
      for (const Symmetry& s : loader_.symmetries_of(step)) codes.push_back(code_of(s));
    }
    codes.resize(order.size(), code_of({}));
    const auto count = static_cast<std::int64_t>(order.size());
    order_ = Tensor::from({count}, order).to(device_);
    symmetries_ = Tensor::from({count}, codes).to(device_);
    epoch_ = epoch;
  }

  ResidentSet set_;
  std::int64_t samples_;
  Device device_;
  std::int64_t epoch_ = -1;
  Tensor order_;       // i64 (steps * samples), of an epoch
  Tensor symmetries_;  // u8 (steps * samples)
};

double gibibytes(std::size_t bytes) { return static_cast<double>(bytes) / 0x1p30; }

// Where the set shall lie on the device: how; none where it shall not.
std::optional<ResidentSet::Plan> resident_plan(const Dataset& set, const std::string& policy, Device device) {
  if (policy == "off") return std::nullopt;
  const std::size_t room = services_of(device).free_bytes(device.index) / 2;
  // As u16 it takes half of its size as f32; where not even that fits, the set need not be read to know.
  const auto least = static_cast<std::size_t>(set.bytes()) / 2;
  const bool always = policy == "on";
  if (!always && least > room) return std::nullopt;
  const ResidentSet::Plan plan = ResidentSet::plan(set);
  if (always || plan.bytes <= room) return plan;
  return std::nullopt;
}

}  // namespace

Batch BatchFeed::read(std::int64_t step) {
  if (step != next_step_) loader_.start(step);
  next_step_ = step + 1;
  return loader_.next().batch;
}

std::unique_ptr<BatchFeed> make_feed(const Dataset& set, const LoaderOptions& options, const DataConfig& config, Device device) {
  if (device.is_cpu()) return std::make_unique<HostFeed>(set, options);
  if (const auto plan = resident_plan(set, config.resident, device)) {
    log::info("{}: on {}, {:.2f} GiB", set.path().string(), device.str(), gibibytes(plan->bytes));
    return std::make_unique<ResidentFeed>(set, options, *plan, device);
  }
  log::info("{}: copied to {} batch by batch", set.path().string(), device.str());
  return std::make_unique<StagedFeed>(set, options, device);
}

}  // namespace cf
