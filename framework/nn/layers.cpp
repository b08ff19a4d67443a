#include "framework/nn/layers.h"

#include "framework/ops/activation.h"
#include "framework/ops/matmul.h"

namespace cf {
namespace {

Tensor bias_of(const Scope& scope, std::int64_t out, const Tensor& weight, const LayerInit& init) {
  if (!init.with_bias) return {};
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in(weight.shape())));
  return scope.param("bias", {out}, init.bias.value_or(Init::uniform(bound)));
}

}  // namespace

ops::Conv2dOptions same_padding(std::int64_t kernel, double leaky_slope) {
  check(kernel % 2 == 1, "conv2d: a kernel of {} cannot keep the size; take an odd one", kernel);
  ops::Conv2dOptions options;
  options.padding = kernel / 2;
  options.leaky_slope = leaky_slope;
  return options;
}

Conv2d::Conv2d(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel, const ops::Conv2dOptions& opts,
               const LayerInit& init)
    : weight(scope.param("weight", {out, kernel, kernel, in / opts.groups}, init.weight)),
      bias(bias_of(scope, out, weight, init)),
      options(opts) {}

ConvTranspose2d::ConvTranspose2d(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel,
                                 const ops::Conv2dOptions& opts, const LayerInit& init)
    : weight(scope.param("weight", {in, kernel, kernel, out}, init.weight)),
      bias(bias_of(scope, out, weight, init)),
      options(opts) {}

Linear::Linear(const Scope& scope, std::int64_t in, std::int64_t out, const LayerInit& init)
    : weight(scope.param("weight", {out, in}, init.weight)), bias(bias_of(scope, out, weight, init)) {}

Tensor Linear::operator()(const Tensor& x) const { return ops::linear(x, weight, bias); }

LayerNorm::LayerNorm(const Scope& scope, std::int64_t channels, double epsilon)
    : weight(scope.param("weight", {channels}, Init::ones())),
      bias(scope.param("bias", {channels}, Init::zeros())),
      eps(epsilon) {}

GroupNorm::GroupNorm(const Scope& scope, std::int64_t group_count, std::int64_t channels, double epsilon)
    : groups(group_count),
      weight(scope.param("weight", {channels}, Init::ones())),
      bias(scope.param("bias", {channels}, Init::zeros())),
      eps(epsilon) {}

BatchNorm::BatchNorm(const Scope& scope, std::int64_t channels, double running_momentum, double epsilon)
    : weight(scope.param("weight", {channels}, Init::ones())),
      bias(scope.param("bias", {channels}, Init::zeros())),
      state{scope.buffer("running_mean", {channels}, Init::zeros()), scope.buffer("running_var", {channels}, Init::ones())},
      momentum(running_momentum),
      eps(epsilon) {}

PRelu::PRelu(const Scope& scope, std::int64_t slopes) : weight(scope.param("weight", {slopes}, Init::constant(0.25))) {}

Tensor PRelu::operator()(const Tensor& x) const { return ops::prelu(x, weight); }

}  // namespace cf
