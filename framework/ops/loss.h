// Losses: means over all elements, results of shape (1), of the operands' dtype or f32 where that is bf16.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

// mean |x - target|; the gradient of a tie is 0.
Tensor l1_loss(const Tensor& x, const Tensor& target);
Tensor mse_loss(const Tensor& x, const Tensor& target);
// mean sqrt((x - target)^2 + eps^2)
Tensor charbonnier_loss(const Tensor& x, const Tensor& target, double eps = 1e-3);

}  // namespace cf::ops
