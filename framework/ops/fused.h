// Fused operators. Each names the composite it replaces; tests/ops compares the two, forward and backward.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

// sigmoid(g) * a + (1 - sigmoid(g)) * b, all of one shape. Replaces sigmoid, mul, affine, mul, add.
Tensor gated_blend(const Tensor& g, const Tensor& a, const Tensor& b);
// (..., C) -> (..., 2): the maximum and the mean over the last dimension. Replaces max, mean, concat.
Tensor channel_max_mean(const Tensor& x);

}  // namespace cf::ops
