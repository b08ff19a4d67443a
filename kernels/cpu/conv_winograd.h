// 3x3 convolutions with fewer multiplications than they have products (Winograd, "Arithmetic Complexity of Computations", 1980;
// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016).
//
// Results are computed in tiles of 2 rows x 4 columns: F(2, 3) down the columns, F(4, 3) along the rows, so 24 products of
// matrices instead of 72. F(4, 3) stands on the points 0, +-5/8, +-3/2, infinity: exact in f32, and of those searched they round
// least (the usual +-1, +-2 round half as much again). The error is that of oneDNN's direct convolution (docs/benchmarks.md).
//
// A tile's results are sums over all of its pixels, in which those outside a result's window cancel: they move its last bits, and
// a NaN or an infinity spreads up to three pixels farther than its window.
#pragma once

#include "kernels/cpu/conv_problem.h"

namespace cf::cpu {

// Whether conv2d_winograd computes this: f32, 3x3, stride 1, one group, no dilation, padding at most 2, channels in
// multiples of 16. x is the image (or its first part), w the weight (O, 3, 3, I).
bool is_winograd(const ConvParams& p, const ConvFusion& f, ConstView x, ConstView w);
bool is_winograd_dgrad(const ConvParams& p, ConstView dx, ConstView w);

void conv2d_winograd(const ConvProblem& p);
// As ConvKernels::conv2d_dgrad.
void conv2d_dgrad_winograd(const ConvParams& p, ConstView dy, ConstView w, View dx);

}  // namespace cf::cpu
