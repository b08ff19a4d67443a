// The fusion of SSDiff's two branches: FMIM, then attention in which each branch weighs the other.
#pragma once

#include "framework/nn/layers.h"
#include "models/fusion_model.h"

namespace cf::ssdiff {

// The frequencies {-1, 0} x {-1, 0} of y (N, H, W, C), multiplied by `scale`: the Fourier filter of threshold 1.
Tensor attenuate_low_frequencies(const Tensor& y, double scale, FmimMethod method);

// Two linear layers around a LeakyReLU, with the layer normalisation in front.
struct FeedForward {
  FeedForward(const Scope& scope, std::int64_t channels);
  Tensor operator()(const Tensor& tokens) const;

  LayerNorm norm;
  Linear in;
  Linear out;
};

// Tokens are pixels. With heads of d channels each and n tokens:
//   S = softmax(Ta Tb^T / sqrt(d)), n x n, of the spatial branch; E = softmax(Tc^T Td sqrt(d) / n), d x d, of the spectral;
//   x += to_out((S Tc) * (Ta E)); x += FF(x).
struct Fusformer {
  Fusformer(const Scope& scope, std::int64_t channels, std::int64_t head_channels);
  // x (N, H, W, C): spectral branch; y (N, H, W, C): spatial branch, filtered -> (N, H, W, C). detach: the branch to which the
  // attention sends no gradient; fine-tuning branch by branch trains the other.
  Tensor operator()(const Tensor& x, const Tensor& y, Branch detach) const;

  std::int64_t head_dim;
  LayerNorm norm;  // of both branches
  Linear sa1;
  Linear sa2;
  Linear se1;
  Linear se2;
  Linear to_out;
  FeedForward ff;
};

}  // namespace cf::ssdiff
