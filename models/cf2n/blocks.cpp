#include "models/cf2n/blocks.h"

#include "framework/ops/ops.h"

namespace cf::cf2n {
namespace {

Init weight_init(Start start) {
  switch (start) {
    case Start::plain: return Init::kaiming_normal(kLeak);
    case Start::small: return Init::kaiming_normal(kLeak).scaled(0.1);
    case Start::zero: return Init::zeros();
  }
  return Init::zeros();
}

}  // namespace

Conv2d conv(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel, Start start, bool leaky) {
  return {scope, in, out, kernel, same_padding(kernel, leaky ? kLeak : 1), {weight_init(start), Init::zeros()}};
}

Tensor gain(const Tensor& x) { return ops::affine(ops::sigmoid(x), 2, 0); }
Tensor gain(const Conv2d& conv, const Tensor& x) { return ops::conv2d_gain(x, conv.weight, conv.bias, conv.options); }

ResidualBlock::ResidualBlock(const Scope& scope, std::int64_t in_channels, std::int64_t out_channels)
    : in(conv(scope.child("in"), in_channels, out_channels)),
      body0(conv(scope.child("body0"), out_channels, out_channels, 3, Start::plain, true)),
      body1(conv(scope.child("body1"), out_channels, out_channels, 3, Start::small)) {}

Tensor ResidualBlock::operator()(const Tensor& x) const {
  const Tensor y = in(x);
  return ops::conv2d_add(body0(y), body1.weight, body1.bias, y, body1.options);
}

AdaptiveFusion::AdaptiveFusion(const Scope& scope, std::int64_t channels, std::int64_t kernel)
    : gate(conv(scope.child("gate"), 2 * channels, channels, kernel, Start::small)) {}

Tensor AdaptiveFusion::operator()(const Tensor& a, const Tensor& b) const {
  return ops::conv2d_blend(a, b, gate.weight, gate.bias, gate.options);
}

DynamicConv::DynamicConv(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel, Start start,
                         double leaky_slope)
    : weight(scope.param("weight", {out, kernel, kernel, in}, weight_init(start))),
      bias(scope.param("bias", {out}, Init::zeros())),
      slope(leaky_slope) {}

Tensor DynamicConv::operator()(const Tensor& x, const Tensor& spatial, const Tensor& channel) const {
  return ops::laconv(x, spatial, channel, weight, bias, slope);
}

DetailReconstruction::DetailReconstruction(const Scope& scope, std::int64_t channels, std::int64_t bands)
    : fuse{AdaptiveFusion(scope.child("fuse_ll"), channels), AdaptiveFusion(scope.child("fuse_hl"), channels),
           AdaptiveFusion(scope.child("fuse_lh"), channels), AdaptiveFusion(scope.child("fuse_hh"), channels)},
      refine_hl(scope.child("refine_hl"), channels),
      refine_lh(scope.child("refine_lh"), channels),
      to_detail(conv(scope.child("detail"), channels, bands)),
      encode(conv(scope.child("encode"), bands, channels, 3, Start::plain, true)) {}

Tensor DetailReconstruction::operator()(const Tensor& pan_features, const Tensor& ms_features) const {
  const auto p = ops::haar_dwt(pan_features);
  const auto m = ops::haar_dwt(ms_features);
  const Tensor ll = fuse[0](p[0], m[0]);  // (N, H/2, W/2, C)
  const Tensor hl = fuse[1](p[1], m[1]);
  const Tensor lh = fuse[2](p[2], m[2]);
  const Tensor hh = fuse[3](p[3], m[3]);
  return to_detail(ops::haar_iwt(ll, refine_hl(hl, hh), refine_lh(lh, ll), hh));
}

DetailInjection::DetailInjection(const Scope& scope, std::int64_t channels, std::int64_t pan_bands, std::int64_t bands)
    : pan(scope.child("pan"), pan_bands, channels), ms(scope.child("ms"), bands, channels), fuse(scope.child("fuse"), channels) {}

Tensor DetailInjection::operator()(const Tensor& high_pan, const Tensor& high_ms) const {
  return fuse(pan(high_pan), ms(high_ms));
}

}  // namespace cf::cf2n
