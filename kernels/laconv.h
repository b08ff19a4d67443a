// Locally adaptive convolution: the contract every backend fills in. f32 and f64; stride 1, zero padding, k odd.
//
// y[n,p,o] = f(bias[o] + sum over offsets i and channels c of
//              weight[o,i,c] * channel[n,p or 0,c] * spatial[n,p,i] * x[n,p+offset(i),c]),  f = LeakyReLU of `leaky_slope`
//
// x (N, H, W, C), spatial (N, H, W, k*k), channel (N, 1, 1, C) or (N, H, W, C), weight (O, k, k, C), bias (O), y (N, H, W, O).
#pragma once

#include "framework/core/view.h"

namespace cf {

struct LaconvKernels {
  // leaky_slope 1: no LeakyReLU.
  void (*laconv_fwd)(ConstView x, ConstView spatial, ConstView channel, ConstView weight, ConstView bias, double leaky_slope,
                     View y);
  // Gradients given dy, that of the sum before f; each output has the shape of its input and is overwritten, an empty view
  // is not wanted. dchannel of a shared channel map is summed over the pixels of its image.
  void (*laconv_bwd)(ConstView x, ConstView spatial, ConstView channel, ConstView weight, ConstView dy, View dx, View dspatial,
                     View dchannel, View dweight, View dbias);
};

namespace reference {
void fill(LaconvKernels& k);
}
namespace cpu {
void fill(LaconvKernels& k);
}
namespace cuda {
void fill(LaconvKernels& k);
}

}  // namespace cf
