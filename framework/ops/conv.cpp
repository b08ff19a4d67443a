#include "framework/ops/conv.h"

#include <vector>

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/activation.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/fused.h"
#include "framework/ops/layout.h"
#include "framework/ops/operands.h"
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

void check_bias(const char* name, const Tensor& x, const Tensor& bias, std::int64_t out) {
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

// The result of conv2d for operands that fit together; `joined` channels follow those of x.
Tensor empty_result(const char* name, const ConvParams& p, const Tensor& x, const Tensor& weight, const Tensor& bias,
                    std::int64_t joined = 0) {
  check_operand(name, "x", x, x, 4);
  check_operand(name, "weight", x, weight, 4);
  const std::int64_t channels = x.dim(3) + joined;
  check(channels == weight.dim(3) * p.groups, "{}: x {} has {} channels, weight {} takes {}", name, x.shape().str(), channels,
        weight.shape().str(), weight.dim(3) * p.groups);
  check_bias(name, x, bias, weight.dim(0));
  check(weight.dim(0) % p.groups == 0, "{}: {} output channels do not divide into {} groups", name, weight.dim(0), p.groups);
  const auto extent = [&](int i) { return x.dim(i) + 2 * p.padding - p.dilation * (weight.dim(i) - 1) - 1; };
  check(extent(1) >= 0 && extent(2) >= 0, "{}: x {} is smaller than the window of weight {}", name, x.shape().str(),
        weight.shape().str());
  const Shape shape = {x.dim(0), extent(1) / p.stride + 1, extent(2) / p.stride + 1, weight.dim(0)};  // (N, H', W', O)
  return Tensor::empty(shape, x.dtype(), x.device());
}

// Whether a convolution and its surroundings are computed as one: recorded ones keep what lies between for their gradients.
bool is_fused(const std::vector<Tensor>& operands) { return !mixed_precision() && !will_record(operands); }

// A convolution of which nothing is recorded, in one kernel with what surrounds it.
struct FusedConv {
  const char* name;
  std::vector<const char*> replaced;  // whom observers of operators see

  // The result must be like `like`, where it is defined.
  Tensor operator()(const ConvFusion& fusion, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& like,
                    const Conv2dOptions& options) const {
    const OpRange range(name);
    const ConvParams p = params_of(name, options);
    Tensor y = empty_result(name, p, x, weight, bias, fusion.x2 ? fusion.x2.shape[3] : 0);
    if (like.defined()) check_alike(name, y, like);
    kernels_for(x.device()).conv.conv2d_fused_fwd(p, fusion, x.cview(), weight.cview(), view_or_none(bias), y.view());
    for (const char* op : replaced) record(op, {x, weight, bias}, {y}, {});
    return y;
  }
};

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
  ConvParams p = params_of("conv2d", options);
  const std::vector<Tensor> inputs = {x, weight, bias};
  p.recorded = will_record(inputs);
  Tensor y = empty_result("conv2d", p, x, weight, bias);
  const ConvKernels& k = kernels_for(x.device()).conv;
  k.conv2d_fwd(p, x.cview(), weight.cview(), view_or_none(bias), y.view());
  record("conv2d", inputs, {y},
         ConvBackward{k.conv2d_dgrad, k.conv2d_wgrad, p, x.detach(), weight.detach(), p.leaky_slope == 1 ? Tensor() : y.detach(),
                      bias.defined()});
  return y;
}

Tensor conv2d_add(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& added, const Conv2dOptions& options) {
  if (!is_fused({x, weight, bias, added})) return add(conv2d(x, weight, bias, options), added);
  ConvFusion fusion;
  fusion.added = added.cview();
  const FusedConv conv = {"conv2d_add", {"conv2d", "add"}};
  return conv(fusion, x, weight, bias, added, options);
}

Tensor conv2d_gain(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  check(options.leaky_slope == 1, "conv2d_gain: a LeakyReLU has no place before the sigmoid");
  if (!is_fused({x, weight, bias})) return affine(sigmoid(conv2d(x, weight, bias, options)), 2, 0);
  ConvFusion fusion;
  fusion.end = ConvEnd::gain;
  const FusedConv conv = {"conv2d_gain", {"conv2d", "sigmoid", "affine"}};
  return conv(fusion, x, weight, bias, {}, options);
}

Tensor conv2d_blend(const Tensor& a, const Tensor& b, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  check(options.leaky_slope == 1, "conv2d_blend: a LeakyReLU has no place before the sigmoid");
  if (!is_fused({a, b, weight, bias})) return gated_blend(conv2d(concat({a, b}), weight, bias, options), a, b);
  const FusedConv conv = {"conv2d_blend", {"concat", "conv2d", "gated_blend"}};
  check_alike(conv.name, a, b);
  ConvFusion fusion;
  fusion.end = ConvEnd::blend;
  fusion.x2 = b.cview();
  return conv(fusion, a, weight, bias, a, options);
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  if (const auto o = settle(Mixing::narrow, {&x, &weight, &bias})) return conv_transpose2d((*o)[0], (*o)[1], (*o)[2], options);
  const OpRange range("conv_transpose2d");
  const ConvParams p = params_of("conv_transpose2d", options);
  check(p.dilation == 1 && p.groups == 1, "conv_transpose2d: dilation {} and groups {} must be 1", p.dilation, p.groups);
  check_operand("conv_transpose2d", "weight", x, weight, 4);
  check_operand("conv_transpose2d", "x", x, x, 4);
  check(x.dim(3) == weight.dim(0), "conv_transpose2d: x {} has {} channels, weight {} takes {}", x.shape().str(), x.dim(3),
        weight.shape().str(), weight.dim(0));
  check_bias("conv_transpose2d", x, bias, weight.dim(3));
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
