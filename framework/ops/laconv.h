// Locally adaptive convolution, the operator of CF2N (after LAGConv, AAAI 2022).
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

// y[n,p,o] = bias[o] + sum over offsets i of the k x k window and channels c of
//            weight[o,i,c] * channel[n,p or 0,c] * spatial[n,p,i] * x[n,p+offset(i),c], zero padding, stride 1.
// x (N, H, W, C), spatial (N, H, W, k*k), channel (N, 1, 1, C) or (N, H, W, C), weight (O, k, k, C), bias (O) -> (N, H, W, O).
// k odd. No buffer grows with k*k.
// leaky_slope: LeakyReLU fused behind the bias (1: none).
Tensor laconv(const Tensor& x, const Tensor& spatial, const Tensor& channel, const Tensor& weight, const Tensor& bias,
              double leaky_slope = 1);

}  // namespace cf::ops
