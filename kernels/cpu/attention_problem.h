// Attention of the CPU backend: what its files share.
#pragma once

#include "kernels/attention.h"

namespace cf::cpu {

// Extents and f32 pointers of one call; pointers of unwanted gradients are null. q, k, v, out and their gradients are
// (N, T, C), lse is (N, heads, T).
struct AttentionProblem {
  AttentionSizes size;
  float scale;
  const float *q, *k, *v;
  float *out = nullptr, *lse = nullptr;  // forward writes them
  const float *saved_out = nullptr, *saved_lse = nullptr, *dout = nullptr;
  float *dq = nullptr, *dk = nullptr, *dv = nullptr;

  AttentionProblem(AttentionParams p, ConstView q_view, ConstView k_view, ConstView v_view)
      : size(q_view.shape, p.head_dim),
        scale(static_cast<float>(p.scale)),
        q(q_view.as<float>()),
        k(k_view.as<float>()),
        v(v_view.as<float>()) {}
};

// By vectors.
void attention_forward(const AttentionProblem& p);
void attention_backward(const AttentionProblem& p);
// By the processor's matrix units, for heads of at most kMostTileChannels (kernels/cpu/matrix_tiles.h). one_part: factors of
// products are rounded to bf16; else results are as exact as those of vectors.
constexpr std::int64_t kMostTileChannels = 16;
void attention_forward_tiles(const AttentionProblem& p, bool one_part);
void attention_backward_tiles(const AttentionProblem& p, bool one_part);
// In f32 (kernels/attention.h).
void cross_covariance(ConstView a, ConstView b, View m);
void head_matmul(bool transpose, ConstView x, ConstView m, View y);

}  // namespace cf::cpu
