// Matrix products.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

// (..., M, K) x (..., K, N) -> (..., M, N), leading dimensions equal; a transposed operand is stored (..., K, M) or (..., N, K).
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);
// (..., I) times weight (O, I), plus bias (O) where defined -> (..., O).
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

}  // namespace cf::ops
