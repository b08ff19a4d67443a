#include "models/ssdiff/blocks.h"

#include "framework/ops/ops.h"

namespace cf::ssdiff {
namespace {

Conv2d zero_conv(const Scope& scope, std::int64_t channels) {
  return {scope, channels, channels, 3, same_padding(3), {Init::zeros(), Init::zeros()}};
}

ops::Conv2dOptions strided(double leaky_slope) { return {.stride = 2, .leaky_slope = leaky_slope}; }

Tensor joined(const Pair& p) { return ops::concat({p.spectral, p.spatial}, 0); }

Pair parted(const Tensor& t) {
  const std::int64_t n = t.dim(0) / 2;
  const auto parts = ops::split(t, 0, {n, n});
  return {parts[0], parts[1]};
}

}  // namespace

Conv2d conv(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel, bool leaky) {
  return {scope, in, out, kernel, same_padding(kernel, leaky ? kLeak : 1)};
}

TimeEmbedding::TimeEmbedding(const Scope& scope)
    : in(scope.child("in"), kTimeSinusoids, kTimeFeatures), out(scope.child("out"), kTimeFeatures, kTimeFeatures) {}

Tensor TimeEmbedding::operator()(const Tensor& sinusoids) const { return ops::silu(out(ops::silu(in(sinusoids)))); }

TimeShift::TimeShift(const Scope& scope, std::int64_t channels) : linear(scope, kTimeFeatures, channels) {}

Tensor TimeShift::operator()(const Tensor& time) const { return ops::reshape(linear(time), {time.dim(0), 1, 1, -1}); }

Stem::Stem(const Scope& scope, std::int64_t in_channels, std::int64_t channels)
    : in(conv(scope.child("in"), in_channels, channels, 3)),
      shift(scope.child("time"), channels),
      norm(scope.child("norm"), channels),
      out(zero_conv(scope.child("out"), channels)) {}

Tensor Stem::operator()(const Tensor& x, const Tensor& time, bool batch_statistics) const {
  return out(ops::silu(norm(ops::add(in(x), shift(time)), batch_statistics)));
}

ResBlock::ResBlock(const Scope& scope, std::int64_t channels, std::int64_t groups)
    : squeeze(conv(scope.child("squeeze"), channels, channels / 2, 3, true)),
      expand(conv(scope.child("expand"), channels / 2, channels, 3)),
      shift(scope.child("time"), channels),
      norm(scope.child("norm"), groups, channels),
      out(zero_conv(scope.child("out"), channels)) {}

Tensor ResBlock::operator()(const Tensor& x, const Tensor& time) const {
  const Tensor h = ops::add(expand(squeeze(x)), shift(time));
  return ops::add(x, out(ops::silu(norm(h))));
}

Down::Down(const Scope& scope, std::int64_t channels)
    : halve(scope.child("halve"), channels, channels, 2, strided(kLeak)),
      widen(conv(scope.child("widen"), channels, 2 * channels, 1)),
      depthwise(scope.child("depthwise"), 2 * channels, 2 * channels, 3,
                {.padding = 1, .groups = 2 * channels, .leaky_slope = kLeak}) {}

Tensor Down::operator()(const Tensor& x) const { return depthwise(widen(halve(x))); }

Up::Up(const Scope& scope, std::int64_t channels)
    : twice(scope.child("twice"), channels, channels / 2, 2, strided(kLeak)),
      conv(ssdiff::conv(scope.child("conv"), channels / 2, channels / 2, 3, true)) {}

Tensor Up::operator()(const Tensor& x, const Tensor& skip) const { return conv(ops::add(twice(x), skip)); }

Pair on_both(const Down& layer, const Pair& features) { return parted(layer(joined(features))); }

Pair on_both(const Up& layer, const Pair& features, const Pair& skips) { return parted(layer(joined(features), joined(skips))); }

}  // namespace cf::ssdiff
