#include "models/cf2n/cross_fusion.h"

#include <algorithm>

#include "framework/ops/ops.h"

namespace cf::cf2n {

FrequencyAttention::FrequencyAttention(const Scope& scope, std::int64_t channels, std::int64_t kernel_size)
    : rb(scope.child("rb"), channels, channels),
      kernel(cf2n::conv(scope.child("kernel"), 2, kernel_size * kernel_size, 3, Start::small)) {}

Tensor FrequencyAttention::operator()(const Tensor& frequency) const {
  return gain(kernel, ops::channel_max_mean(rb(frequency)));
}

SpectralAttention::SpectralAttention(const Scope& scope, std::int64_t channels)
    : conv(cf2n::conv(scope.child("conv"), channels, channels)), fuse(scope.child("fuse"), channels, 1) {}

Tensor SpectralAttention::operator()(const Tensor& spectral) const {
  const Tensor z = conv(spectral);
  return gain(fuse(ops::max(z, {1, 2}), ops::mean(z, {1, 2})));
}

Tensor SpectralAttention::operator()(const Tensor& spectral, const Tensor& valid) const {
  constexpr double kFar = 1e30;  // farther down than any feature, in f32 as in bf16
  const Tensor z = ops::mul(conv(spectral), valid);
  const Tensor highest = ops::max(ops::add(z, ops::affine(valid, kFar, -kFar)), {1, 2});
  const Tensor mean = ops::div(ops::sum(z, {1, 2}), ops::sum(valid, {1, 2}));
  return gain(fuse(highest, mean));
}

Modulation::Modulation(const Scope& scope, std::int64_t channels, std::int64_t kernel_size)
    : conv0(cf2n::conv(scope.child("conv0"), channels, channels / 2)),
      conv1(cf2n::conv(scope.child("conv1"), channels / 2, channels / 2)),
      squeeze(cf2n::conv(scope.child("squeeze"), 2, 2, 7, Start::small)),
      fuse(scope.child("fuse"), channels / 2),
      kernel(cf2n::conv(scope.child("kernel"), channels / 2, kernel_size * kernel_size, 1, Start::small)),
      gate(cf2n::conv(scope.child("gate"), channels / 2, channels, 1, Start::small)) {}

Modulation::Kernel Modulation::operator()(const Tensor& mid) const {
  const Tensor u0 = conv0(mid);  // (N, H, W, C/2)
  const Tensor u1 = conv1(u0);
  const Tensor s = ops::sigmoid(squeeze(ops::channel_max_mean(ops::concat({u0, u1}))));  // (N, H, W, 2)
  const Tensor u = fuse(ops::mul(u0, ops::slice(s, -1, 0, 1)), ops::mul(u1, ops::slice(s, -1, 1, 2)));
  return {cf2n::gain(kernel, u), cf2n::gain(gate, u)};
}

CrossFusion::CrossFusion(const Scope& scope, std::int64_t channels, std::int64_t out_channels, std::int64_t kernel_size,
                         bool last)
    : fda(scope.child("fda"), channels, kernel_size),
      sda(scope.child("sda"), channels),
      fsm(scope.child("fsm"), channels, kernel_size),
      mid(scope.child("mid"), channels, channels, kernel_size, Start::plain, kLeak),
      out(scope.child("out"), channels, out_channels, kernel_size, last ? Start::zero : Start::plain, last ? 1 : kLeak) {}

// The first convolution's kernel or what it convolves; then the second's.
std::int64_t CrossFusion::reach(std::int64_t kernel_size) {
  const std::int64_t window = kernel_size / 2;
  const std::int64_t fda = ResidualBlock::kReach + 1;
  const std::int64_t fsm = 2 + 3 + 1;  // two convolutions, the squeeze, the fusion
  return std::max(fda, window) + std::max(fsm, window);
}

Tensor CrossFusion::operator()(const Tensor& frequency, const Tensor& spectral_gain) const {
  const Tensor f_mid = mid(frequency, fda(frequency), spectral_gain);  // (N, H, W, C)
  const Modulation::Kernel k = fsm(f_mid);
  return out(f_mid, k.spatial, ops::mul(k.gain, spectral_gain));
}

}  // namespace cf::cf2n
