// Attention between the tokens of an image, head by head, and the two products of spectral attention.
//
// Operands are (N, ..., C): all dimensions between the first and the last count tokens, so that an image (N, H, W, C) is
// H * W of them. Head h owns the channels h * d to (h + 1) * d - 1.
#pragma once

#include <cstdint>

#include "framework/tensor/tensor.h"

namespace cf::ops {

// softmax(scale q k^T) v for each head of `head_dim` channels; q, k, v and the result of one shape. Replaces permute, matmul,
// softmax and matmul, without their T x T scores: memory grows with T, not with its square.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t head_dim, double scale);

// (N, heads, d, d): per head the sum over tokens of a[t,i] * b[t,j], d = head_dim.
Tensor cross_covariance(const Tensor& a, const Tensor& b, std::int64_t head_dim);
// Per head and token the sum over i of x[t,i] * m[i,j], or * m[j,i] where transposed; m (N, heads, d, d), the result of x's
// shape. Spectral attention is head_matmul(y, softmax(affine(cross_covariance(a, b, d), s, 0))).
Tensor head_matmul(const Tensor& x, const Tensor& m, bool transpose = false);

}  // namespace cf::ops
