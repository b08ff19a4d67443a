// Forward convolution as products of image rows, without oneDNN.
#pragma once

#include "kernels/cpu/conv_problem.h"

namespace cf::cpu {

// Whether conv2d_direct computes this: f32, stride 1, one group, no dilation, and channels enough to fill vectors.
bool is_direct(const ConvParams& p, ConstView w);

// As ConvKernels::conv2d_fwd. Sums are added up in short chains (one window offset, 32 channels at a time), which rounds less
// than the one long chain that oneDNN uses. Where a LeakyReLU follows, less rounding means fewer results on the wrong side of
// zero, and those are what separates f32 gradients from exact ones.
void conv2d_direct(const ConvProblem& p);

}  // namespace cf::cpu
