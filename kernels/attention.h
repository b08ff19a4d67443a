// Attention between tokens, and the small products of spectral attention: the contract every backend fills in. The reference
// takes f32 and f64.
//
// Tokens lie channels-last, (N, T, C): token t of image n is a row of C channels, and head h owns the d consecutive channels
// from h * d on, so that no head is ever moved. C is heads * d.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct AttentionParams {
  std::int64_t head_dim = 16;  // d
  double scale = 1;            // of the scores
};

struct AttentionKernels {
  // Per head: out = softmax(scale q k^T) v, the softmax over the keys. q, k, v, out (N, T, C). The T x T scores never exist
  // as a whole. lse (N, heads, T), in f64 where q is, else in f32: the logarithm of each softmax's denominator, log sum over
  // the keys of exp(score), from which backward recomputes the probabilities.
  void (*attention_fwd)(AttentionParams p, ConstView q, ConstView k, ConstView v, View out, View lse);
  // Gradients given dout; each (N, T, C) and overwritten, an empty view is not wanted. The order of every sum is fixed.
  void (*attention_bwd)(AttentionParams p, ConstView q, ConstView k, ConstView v, ConstView out, ConstView lse, ConstView dout,
                        View dq, View dk, View dv);

  // m[n,h,i,j] = sum over tokens of a[n,t,h*d+i] * b[n,t,h*d+j]: a, b (N, T, C), m (N, heads, d, d).
  void (*cross_covariance)(ConstView a, ConstView b, View m);
  // y[n,t,h*d+j] = sum over i of x[n,t,h*d+i] * m[n,h,i,j], or * m[n,h,j,i] where transposed. x, y (N, T, C).
  void (*head_matmul)(bool transpose, ConstView x, ConstView m, View y);
};

// Extents of attention between tokens.
struct AttentionSizes {
  std::int64_t images, tokens, channels, d;

  AttentionSizes(const Shape& x, std::int64_t head_dim) : images(x[0]), tokens(x[1]), channels(x[2]), d(head_dim) {}
  CF_HOST_DEVICE std::int64_t heads() const { return channels / d; }
  // The first channel of a head in a token's row, in elements of (N, T, C).
  CF_HOST_DEVICE std::int64_t at(std::int64_t image, std::int64_t head, std::int64_t token) const {
    return (image * tokens + token) * channels + head * d;
  }
};

namespace reference {
void fill(AttentionKernels& k);
}
namespace cpu {
void fill(AttentionKernels& k);
}
namespace cuda {
void fill(AttentionKernels& k);
}

}  // namespace cf
