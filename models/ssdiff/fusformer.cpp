#include "models/ssdiff/fusformer.h"

#include <cmath>

#include "framework/ops/attention.h"
#include "framework/ops/fmim.h"
#include "framework/ops/ops.h"
#include "models/ssdiff/blocks.h"

namespace cf::ssdiff {
namespace {

Linear projection(const Scope& scope, std::int64_t channels) { return {scope, channels, channels, {.with_bias = false}}; }

}  // namespace

Tensor attenuate_low_frequencies(const Tensor& y, double scale, FmimMethod method) {
  return method == FmimMethod::fft ? ops::fourier_filter(y, 1, scale) : ops::fmim(y, scale);
}

FeedForward::FeedForward(const Scope& scope, std::int64_t channels)
    : norm(scope.child("norm"), channels),
      in(scope.child("in"), channels, channels / 2),
      out(scope.child("out"), channels / 2, channels) {}

Tensor FeedForward::operator()(const Tensor& tokens) const { return out(ops::leaky_relu(in(norm(tokens)), kLeak)); }

Fusformer::Fusformer(const Scope& scope, std::int64_t channels, std::int64_t head_channels)
    : head_dim(head_channels),
      norm(scope.child("norm"), channels),
      sa1(projection(scope.child("sa1"), channels)),
      sa2(projection(scope.child("sa2"), channels)),
      se1(projection(scope.child("se1"), channels)),
      se2(projection(scope.child("se2"), channels)),
      to_out(scope.child("to_out"), channels, channels),
      ff(scope.child("ff"), channels) {}

Tensor Fusformer::operator()(const Tensor& x, const Tensor& y, Branch detach) const {
  const Tensor xn = norm(x);
  const Tensor yn = norm(y);
  const auto unless = [&](Branch branch, const Tensor& t) { return detach == branch ? t.detach() : t; };
  const Tensor ta = unless(Branch::spatial, sa1(yn));
  const Tensor tb = unless(Branch::spatial, sa2(yn));
  const Tensor tc = se1(xn);
  const Tensor td = se2(xn);

  const double root = std::sqrt(static_cast<double>(head_dim));
  const auto tokens = static_cast<double>(x.dim(1) * x.dim(2));
  const Tensor s_tc = ops::attention(ta, tb, unless(Branch::spectral, tc), head_dim, 1 / root);
  const Tensor e = ops::softmax(ops::affine(ops::cross_covariance(tc, td, head_dim), root / tokens, 0));  // (N, heads, d, d)
  const Tensor ta_e = ops::head_matmul(ta, e);
  const Tensor merged = ops::add(x, to_out(ops::mul(unless(Branch::spatial, s_tc), unless(Branch::spectral, ta_e))));
  return ops::add(merged, ff(merged));
}

}  // namespace cf::ssdiff
