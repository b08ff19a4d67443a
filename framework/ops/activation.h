// Activation functions, softmax and dropout.
#pragma once

#include <cstdint>

#include "framework/tensor/tensor.h"

namespace cf::ops {

Tensor relu(const Tensor& x);
// x for x > 0, slope * x otherwise; slope > 0.
Tensor leaky_relu(const Tensor& x, double slope);
// As leaky_relu with a learned slope: (C) per channel of the last dimension, or (1) for all.
Tensor prelu(const Tensor& x, const Tensor& slope);
Tensor sigmoid(const Tensor& x);
// x * sigmoid(x)
Tensor silu(const Tensor& x);
Tensor tanh(const Tensor& x);
// Over the last dimension.
Tensor softmax(const Tensor& x);
// Zeroes elements with probability p in [0, 1) and scales the rest by 1 / (1 - p). Element i is decided by
// Philox(seed, RngStream::dropout, salt) at i: the same mask whatever the thread count and backend.
// `step`: i64 (1) on x's device that is added to the salt when the kernel runs, forward and backward, so that a captured step
// draws a new mask at every start; it must not change between the two, and salts of other uses must lie further apart than it
// counts.
Tensor dropout(const Tensor& x, double p, std::uint64_t seed, std::uint64_t salt, const Tensor& step = {});

}  // namespace cf::ops
