// Layers: plain structs of parameters, built from a Scope and called like functions.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

#include "framework/nn/scope.h"
#include "framework/ops/conv.h"
#include "framework/ops/norm.h"

namespace cf {

// How the parameters of a convolution or linear layer start. By default as PyTorch's layers: uniform in +-1/sqrt(fan in).
struct LayerInit {
  Init weight = Init::kaiming_uniform(std::sqrt(5.0));
  std::optional<Init> bias = std::nullopt;  // none: uniform in +-1/sqrt(fan in of the weight)
  bool with_bias = true;                    // false: the layer has no bias
};

// Options with which a convolution of stride 1 and an odd kernel keeps H and W; leaky_slope as in ops::Conv2dOptions.
ops::Conv2dOptions same_padding(std::int64_t kernel, double leaky_slope = 1);

// (N, H, W, in) -> (N, H', W', out), see ops::conv2d.
struct Conv2d {
  Conv2d(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel, const ops::Conv2dOptions& options = {},
         const LayerInit& init = {});
  Tensor operator()(const Tensor& x) const { return ops::conv2d(x, weight, bias, options); }

  Tensor weight;  // (out, kernel, kernel, in / groups)
  Tensor bias;    // (out) or undefined
  ops::Conv2dOptions options;
};

// (N, H, W, in) -> (N, H', W', out), see ops::conv_transpose2d.
struct ConvTranspose2d {
  ConvTranspose2d(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel,
                  const ops::Conv2dOptions& options = {}, const LayerInit& init = {});
  Tensor operator()(const Tensor& x) const { return ops::conv_transpose2d(x, weight, bias, options); }

  Tensor weight;  // (in, kernel, kernel, out)
  Tensor bias;    // (out) or undefined
  ops::Conv2dOptions options;
};

// (..., in) -> (..., out)
struct Linear {
  Linear(const Scope& scope, std::int64_t in, std::int64_t out, const LayerInit& init = {});
  Tensor operator()(const Tensor& x) const;

  Tensor weight;  // (out, in)
  Tensor bias;    // (out) or undefined
};

// (..., channels), over the last dimension.
struct LayerNorm {
  LayerNorm(const Scope& scope, std::int64_t channels, double epsilon = 1e-5);
  Tensor operator()(const Tensor& x) const { return ops::layer_norm(x, weight, bias, eps); }

  Tensor weight;  // (channels), ones
  Tensor bias;    // (channels), zeros
  double eps;
};

// (N, ..., channels), per group of channels / groups.
struct GroupNorm {
  GroupNorm(const Scope& scope, std::int64_t groups, std::int64_t channels, double epsilon = 1e-5);
  Tensor operator()(const Tensor& x) const { return ops::group_norm(x, groups, weight, bias, eps); }

  std::int64_t groups;
  Tensor weight;  // (channels), ones
  Tensor bias;    // (channels), zeros
  double eps;
};

// (N, ..., channels), per channel. The running statistics are buffers "running_mean" and "running_var" of the store.
struct BatchNorm {
  BatchNorm(const Scope& scope, std::int64_t channels, double running_momentum = 0.1, double epsilon = 1e-5);
  // training: normalises by the batch and moves the running statistics; otherwise normalises by them.
  Tensor operator()(const Tensor& x, bool training) const {
    return ops::batch_norm(x, weight, bias, state, training, momentum, eps);
  }

  Tensor weight;              // (channels), ones
  Tensor bias;                // (channels), zeros
  ops::BatchNormState state;  // zeros and ones
  double momentum;
  double eps;
};

// Leaky ReLU with a learned slope, 0.25 at the start.
struct PRelu {
  // slopes: the channels of the input, or 1 for a common slope.
  explicit PRelu(const Scope& scope, std::int64_t slopes = 1);
  Tensor operator()(const Tensor& x) const;

  Tensor weight;  // (slopes)
};

}  // namespace cf
