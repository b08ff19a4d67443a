#include "models/cf2n/cf2n.h"

#include "framework/ops/ops.h"

namespace cf {
namespace {

const Cf2nConfig& checked(const Cf2nConfig& c) {
  check(c.channels >= 2 && c.channels % 2 == 0, "cf2n: model.cf2n.channels is {}, must be even and positive", c.channels);
  check(c.kernel >= 1 && c.kernel % 2 == 1, "cf2n: model.cf2n.kernel is {}, must be odd", c.kernel);
  check(c.stages >= 1, "cf2n: model.cf2n.stages is {}, must be at least 1", c.stages);
  return c;
}

}  // namespace

Cf2n::Cf2n(const ModelConfig& config, const Scope& scope)
    : PoolingModel(config),
      head_pan_(config.recompute, scope.child("head_pan"), config.pan_bands, checked(config.cf2n).channels),
      head_ms_(config.recompute, scope.child("head_ms"), config.bands, config.cf2n.channels),
      fd2r_(config.recompute, scope.child("fd2r"), config.cf2n.channels, config.bands) {
  const auto& [channels, kernel, stages] = config.cf2n;
  for (std::int64_t i = 0; i < stages; ++i) {
    const bool last = i == stages - 1;
    stages_.emplace_back(config.recompute, scope.child(fmt::format("fscf{}", i)), channels, last ? config.bands : channels,
                         kernel, last);
    if (!last)
      injections_.emplace_back(config.recompute, scope.child(fmt::format("mdi{}", i)), channels, config.pan_bands, config.bands);
  }
}

// Heads 3; FD2R 2 at half the resolution, which is 5 from the far side of a Haar block, and 2 behind it; then the stages, along
// whose longest way the second kernel is computed from the first convolution's result. MDI sees less.
std::optional<std::int64_t> Cf2n::reach() const {
  const std::int64_t detail = cf2n::ResidualBlock::kReach + 5 + 2;
  return detail + static_cast<std::int64_t>(stages_.size()) * cf2n::CrossFusion::reach(config().cf2n.kernel);
}

std::int64_t Cf2n::pooled_reach() const { return cf2n::ResidualBlock::kReach + 1; }

FusionOutput Cf2n::run(const FusionInput& input) const {
  const Tensor spectral = head_ms_(input.lms);  // (N, H, W, C)
  return inject(input, fd2r_(head_pan_(input.pan), spectral), [&](std::size_t i) { return stages_[i]->sda(spectral); });
}

std::vector<Tensor> Cf2n::run_pool(const Tensor& lms, const Tensor& valid) const {
  const Tensor spectral = head_ms_(lms);
  std::vector<Tensor> gains;
  for (const auto& stage : stages_) gains.push_back(stage->sda(spectral, valid));
  return gains;
}

FusionOutput Cf2n::run_pooled(const FusionInput& input, const PooledMaps& pooled) const {
  return inject(input, fd2r_(head_pan_(input.pan), head_ms_(input.lms)), pooled);
}

FusionOutput Cf2n::inject(const FusionInput& input, const Tensor& detail, const PooledMaps& pooled) const {
  Tensor frequency = fd2r_->encode(detail);
  if (!injections_.empty()) {
    const Tensor high_pan = ops::high_pass(input.pan);
    const Tensor high_ms = ops::high_pass(input.lms);
    for (std::size_t i = 0; i < injections_.size(); ++i) {
      frequency = ops::add(stages_[i](frequency, pooled(i)), injections_[i](high_pan, high_ms));
    }
  }
  return {ops::add(input.lms, stages_.back()(frequency, pooled(stages_.size() - 1))), detail};
}

}  // namespace cf
