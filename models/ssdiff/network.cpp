#include "models/ssdiff/network.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "framework/ops/ops.h"

namespace cf {
namespace {

using ssdiff::Pair;

// Per level: features as a multiple of dim, the gain of the first half of the spectral ones, and the factor of the spatial
// ones' low frequencies.
struct Level {
  std::int64_t width;
  double spectral_gain;
  double spatial_lowpass;
};
constexpr std::array<Level, 5> kLevels = {{{1, 1.2, 0.9}, {2, 1.4, 0.6}, {4, 1.6, 0.3}, {2, 1.4, 0.6}, {1, 1.2, 0.9}}};

// Groups of a normalisation: 32 as published, of one channel each where there are fewer.
std::int64_t groups_of(const SsdiffConfig& c, std::int64_t channels) { return std::min(c.groups, channels); }

const SsdiffConfig& checked(const SsdiffConfig& c) {
  check(c.dim >= 8 && c.dim % 8 == 0, "ssdiff: model.ssdiff.dim is {}, must be a multiple of 8", c.dim);
  for (const Level& level : kLevels) {
    const std::int64_t width = c.dim * level.width;
    check(width % groups_of(c, width) == 0,
          "ssdiff: model.ssdiff.dim is {}, and {} features of one of its levels do not divide into model.ssdiff.groups = {} "
          "groups; "
          "take {} groups, or a dim that is 8, 16 or a multiple of 32",
          c.dim, width, c.groups, std::gcd(c.dim, c.groups));
  }
  check(c.head_dim >= 1 && c.dim % c.head_dim == 0, "ssdiff: model.ssdiff.head_dim is {}, must divide dim, which is {}",
        c.head_dim, c.dim);
  return c;
}

// The first half of the channels, multiplied.
Tensor amplify_half(const Tensor& x, double gain) {
  const std::int64_t half = x.dim(3) / 2;
  const auto parts = ops::split(x, 3, {half, half});
  return ops::concat({ops::affine(parts[0], gain, 0), parts[1]});
}

}  // namespace

Ssdiff::Ssdiff(const ModelConfig& config, const Scope& scope)
    : DenoisingModel(config),
      time_(scope.child("time")),
      base_(scope.child("base"), config.bands, config.bands * config.ratio * config.ratio, 3, same_padding(3),
            {.with_bias = false}),
      spatial_(scope.child("spatial"), config.pan_bands + config.bands, checked(config.ssdiff).dim),
      spectral_(scope.child("spectral"), 2 * config.bands, config.ssdiff.dim),
      head0_(ssdiff::conv(scope.child("head0"), config.ssdiff.dim, config.ssdiff.dim, 3, true)),
      head1_(ssdiff::conv(scope.child("head1"), config.ssdiff.dim, config.bands, 3)) {
  const std::int64_t d = config.ssdiff.dim;
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    const std::int64_t width = d * kLevels[i].width;
    fusion_.emplace_back(config.recompute, scope.child(fmt::format("fusion{}", i)), width, config.ssdiff.head_dim);
    if (i + 1 < kLevels.size()) {
      blocks_.emplace_back(config.recompute, scope.child(fmt::format("block{}", i)), width, groups_of(config.ssdiff, width));
    }
  }
  for (const std::int64_t i : {0, 1}) {
    down_.emplace_back(scope.child(fmt::format("down{}", i)), d << i);
    up_.emplace_back(scope.child(fmt::format("up{}", i)), 4 * d >> i);
  }
}

std::int64_t Ssdiff::patch_multiple() const { return std::lcm(std::int64_t{16}, config().ratio); }

Tensor Ssdiff::embed_steps(const std::vector<double>& steps, DType dtype) const {
  const Tensor t = Tensor::from({static_cast<std::int64_t>(steps.size())}, steps);
  return ops::timestep_embedding(t, ssdiff::kTimeSinusoids).to(dtype);
}

Tensor Ssdiff::fuse(std::size_t level, const Tensor& x, const Tensor& y, Branch detach) const {
  const auto merge = [detach, values = kLevels[level], method = config().ssdiff.fmim](const ssdiff::Fusformer& fusformer,
                                                                                      const std::vector<Tensor>& in) {
    const Tensor filtered = ssdiff::attenuate_low_frequencies(in[1], values.spatial_lowpass, method);
    return fusformer(amplify_half(in[0], values.spectral_gain), filtered, detach);
  };
  return fusion_[level].run({x, y}, merge);
}

Tensor Ssdiff::run_levels(Pair stems, const Tensor& time, Branch detach) const {
  const auto fused = [&](std::size_t level, const Pair& p) { return fuse(level, p.spectral, p.spatial, detach); };
  const auto refined = [&](std::size_t level, const Pair& p) { return blocks_[level](p.spatial, time); };

  const Pair level0 = {fused(0, stems), refined(0, stems)};
  const Pair below0 = on_both(down_[0], level0);
  const Pair level1 = {fused(1, below0), refined(1, below0)};
  const Pair below1 = on_both(down_[1], level1);
  const Pair level2 = {fused(2, below1), refined(2, below1)};
  const Pair above1 = on_both(up_[0], level2, level1);
  const Pair level3 = {fused(3, above1), refined(3, above1)};
  return fused(4, on_both(up_[1], level3, level0));
}

Tensor Ssdiff::predict(const FusionInput& images, const Tensor& x_t, const Tensor& sinusoids,
                       const NetworkOptions& options) const {
  const Tensor time = time_(sinusoids);  // (N or 1, 512)
  const Tensor spatial = spatial_(ops::concat({images.pan, x_t}), time, options.batch_statistics);
  const Tensor spectral = spectral_(ops::concat({images.lms, x_t}), time, options.batch_statistics);
  const Tensor residual = head1_(head0_(run_levels({spectral, spatial}, time, options.detach)));
  return ops::add(residual, ops::pixel_shuffle(base_(images.ms), config().ratio));
}

}  // namespace cf
