// Convolutions over channels-last images, alone or with what surrounds them: while nothing is recorded the latter are one kernel,
// else they are the operators that they replace.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

struct Conv2dOptions {
  std::int64_t stride = 1;
  std::int64_t padding = 0;  // zeros, on each side
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
  // LeakyReLU of this slope fused behind the bias (1: none). Its backward reads the sign of the result.
  double leaky_slope = 1;
};

// x (N, H, W, I), weight (O, kH, kW, I/groups), bias (O) or undefined -> (N, H', W', O),
// H' = (H + 2*padding - dilation*(kH-1) - 1) / stride + 1.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options = {});
// conv2d(x) + added. Replaces conv2d, add.
Tensor conv2d_add(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& added,
                  const Conv2dOptions& options = {});
// 2 sigmoid(conv2d(x)). Replaces conv2d, sigmoid, affine. No LeakyReLU.
Tensor conv2d_gain(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options = {});
// s a + (1 - s) b with s = sigmoid(conv2d of the channels of a, then of b), of the shape of a and b. Replaces concat, conv2d,
// gated_blend. No LeakyReLU.
Tensor conv2d_blend(const Tensor& a, const Tensor& b, const Tensor& weight, const Tensor& bias,
                    const Conv2dOptions& options = {});
// The adjoint: x (N, H, W, I), weight (I, kH, kW, O), bias (O) or undefined -> (N, (H-1)*stride - 2*padding + kH, ..., O).
// dilation and groups must be 1.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options = {});

}  // namespace cf::ops
