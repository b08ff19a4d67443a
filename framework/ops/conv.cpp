#include "framework/ops/conv.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/precision.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

ConvParams params_of(const char* name, const Conv2dOptions& o) {
  check(o.stride >= 1 && o.padding >= 0 && o.dilation >= 1 && o.groups >= 1,
        "{}: stride {}, padding {}, dilation {}, groups {}: padding must be >= 0, the others >= 1", name, o.stride, o.padding,
        o.dilation, o.groups);
  check(o.leaky_slope >= 0, "{}: the slope of the LeakyReLU is {}; its backward reads the sign of the result, so it must be >= 0",
        name, o.leaky_slope);
  return {o.stride, o.padding, o.dilation, o.groups, o.leaky_slope};
}

void check_operand(const char* name, const char* what, const Tensor& x, const Tensor& t, int rank) {
  check(t.rank() == rank, "{}: {} has shape {}, expected {} dimensions", name, what, t.shape().str(), rank);
  check(t.dtype() == x.dtype() && t.device() == x.device(), "{}: x is {} on {}, {} is {} on {}", name, name_of(x.dtype()),
        x.device().str(), what, name_of(t.dtype()), t.device().str());
}

// `in` and `out` are the channels that the weight stands for.
void check_operands(const char* name, const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t in,
                    std::int64_t out) {
  check_operand(name, "x", x, x, 4);
  check_operand(name, "weight", x, weight, 4);
  check(x.dim(3) == in, "{}: x {} has {} channels, weight {} takes {}", name, x.shape().str(), x.dim(3), weight.shape().str(),
        in);
  if (!bias.defined()) return;
  check_operand(name, "bias", x, bias, 1);
  check(bias.dim(0) == out, "{}: bias {} for {} output channels", name, bias.shape().str(), out);
}

// dy before the LeakyReLU whose result was `y`.
Tensor unmask(const Tensor& dy, const Tensor& y, double slope) {
  if (slope == 1) return dy;
  Tensor dz = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
  kernels_for(dy.device()).elementwise.unary_grad(Unary::leaky_relu, {slope}, y.cview(), y.cview(), dy.cview(), dz.view());
  return dz;
}

View view_or_none(const Tensor& t) { return t.defined() ? t.view() : View{}; }

using DataGrad = void (*)(const ConvParams&, ConstView, ConstView, View);
using WeightGrad = void (*)(const ConvParams&, ConstView, ConstView, View, View);

// The gradients of (x, weight, bias) by the two backward kernels that both operators have.
struct ConvBackward {
  DataGrad dgrad;
  WeightGrad wgrad;
  ConvParams params;
  Tensor x;
  Tensor weight;
  Tensor y;  // kept only for the LeakyReLU
  bool has_bias;

  Grads operator()(const Backward& bw) const {
    const auto like = [](const Tensor& t) { return Tensor::empty(t.shape(), t.dtype(), t.device()); };
    const Tensor dz = unmask(bw.dy(), y, params.leaky_slope);
    Grads grads(3);
    if (bw.needs(0)) {
      grads[0] = like(x);
      dgrad(params, dz.cview(), weight.cview(), grads[0].view());
    }
    const bool bias_needed = has_bias && bw.needs(2);
    if (bw.needs(1) || bias_needed) {
      grads[1] = like(weight);
      if (bias_needed) grads[2] = Tensor::empty({dz.dim(3)}, dz.dtype(), dz.device());
      wgrad(params, x.cview(), dz.cview(), grads[1].view(), view_or_none(grads[2]));
    }
    return grads;
  }
};

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  if (const auto o = settle(Mixing::narrow, {&x, &weight, &bias})) return conv2d((*o)[0], (*o)[1], (*o)[2], options);
  const OpRange range("conv2d");
  const ConvParams p = params_of("conv2d", options);
  check_operand("conv2d", "weight", x, weight, 4);
  check_operands("conv2d", x, weight, bias, weight.dim(3) * p.groups, weight.dim(0));
  check(weight.dim(0) % p.groups == 0, "conv2d: {} output channels do not divide into {} groups", weight.dim(0), p.groups);
  const auto extent = [&](int i) { return x.dim(i) + 2 * p.padding - p.dilation * (weight.dim(i) - 1) - 1; };
  check(extent(1) >= 0 && extent(2) >= 0, "conv2d: x {} is smaller than the window of weight {}", x.shape().str(),
        weight.shape().str());
  const Shape shape = {x.dim(0), extent(1) / p.stride + 1, extent(2) / p.stride + 1, weight.dim(0)};  // (N, H', W', O)
  Tensor y = Tensor::empty(shape, x.dtype(), x.device());
  const ConvKernels& k = kernels_for(x.device()).conv;
  k.conv2d_fwd(p, x.cview(), weight.cview(), view_or_none(bias), y.view());
  record("conv2d", {x, weight, bias}, {y},
         ConvBackward{k.conv2d_dgrad, k.conv2d_wgrad, p, x.detach(), weight.detach(), p.leaky_slope == 1 ? Tensor() : y.detach(),
                      bias.defined()});
  return y;
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  if (const auto o = settle(Mixing::narrow, {&x, &weight, &bias})) return conv_transpose2d((*o)[0], (*o)[1], (*o)[2], options);
  const OpRange range("conv_transpose2d");
  const ConvParams p = params_of("conv_transpose2d", options);
  check(p.dilation == 1 && p.groups == 1, "conv_transpose2d: dilation {} and groups {} must be 1", p.dilation, p.groups);
  check_operand("conv_transpose2d", "weight", x, weight, 4);
  check_operands("conv_transpose2d", x, weight, bias, weight.dim(0), weight.dim(3));
  const auto extent = [&](int i) { return (x.dim(i) - 1) * p.stride - 2 * p.padding + weight.dim(i); };
  check(extent(1) >= 1 && extent(2) >= 1, "conv_transpose2d: padding {} leaves nothing of x {}", p.padding, x.shape().str());
  Tensor y = Tensor::empty({x.dim(0), extent(1), extent(2), weight.dim(3)}, x.dtype(), x.device());  // (N, H', W', O)
  const ConvKernels& k = kernels_for(x.device()).conv;
  k.conv_transpose2d_fwd(p, x.cview(), weight.cview(), view_or_none(bias), y.view());
  record("conv_transpose2d", {x, weight, bias}, {y},
         ConvBackward{k.conv_transpose2d_dgrad, k.conv_transpose2d_wgrad, p, x.detach(), weight.detach(),
                      p.leaky_slope == 1 ? Tensor() : y.detach(), bias.defined()});
  return y;
}

}  // namespace cf::ops
