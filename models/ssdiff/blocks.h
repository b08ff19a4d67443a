// Building blocks of SSDiff.
#pragma once

#include "framework/nn/layers.h"

namespace cf::ssdiff {

inline constexpr double kLeak = 0.01;  // of every LeakyReLU
inline constexpr std::int64_t kTimeSinusoids = 128;
inline constexpr std::int64_t kTimeFeatures = 512;

// Convolution that keeps H and W, starting as PyTorch's do. leaky: with the LeakyReLU behind it.
Conv2d conv(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel, bool leaky = false);

// Sinusoids of the timesteps (N, 128) -> what every block reads, the SiLU in front of the blocks included: (N, 512). N is 1
// where all samples share one step.
struct TimeEmbedding {
  explicit TimeEmbedding(const Scope& scope);
  Tensor operator()(const Tensor& sinusoids) const;

  Linear in;
  Linear out;
};

// Adds the step to every pixel: (N or 1, 512) -> (N or 1, 1, 1, C).
struct TimeShift {
  TimeShift(const Scope& scope, std::int64_t channels);
  Tensor operator()(const Tensor& time) const;

  Linear linear;
};

// The first layers of a branch: (N, H, W, in) -> (N, H, W, C), zero at the start. No skip around them.
struct Stem {
  Stem(const Scope& scope, std::int64_t in, std::int64_t channels);
  // batch_statistics: as BatchNorm's `training`.
  Tensor operator()(const Tensor& x, const Tensor& time, bool batch_statistics) const;

  Conv2d in;
  TimeShift shift;
  BatchNorm norm;
  Conv2d out;
};

// (N, H, W, C) -> (N, H, W, C), the identity at the start.
struct ResBlock {
  ResBlock(const Scope& scope, std::int64_t channels, std::int64_t groups);
  Tensor operator()(const Tensor& x, const Tensor& time) const;

  Conv2d squeeze;
  Conv2d expand;
  TimeShift shift;
  GroupNorm norm;
  Conv2d out;
};

// (N, H, W, C) -> (N, H/2, W/2, 2C)
struct Down {
  Down(const Scope& scope, std::int64_t channels);
  Tensor operator()(const Tensor& x) const;

  Conv2d halve;
  Conv2d widen;
  Conv2d depthwise;
};

// (N, H, W, C) and its skip (N, 2H, 2W, C/2) -> (N, 2H, 2W, C/2)
struct Up {
  Up(const Scope& scope, std::int64_t channels);
  Tensor operator()(const Tensor& x, const Tensor& skip) const;

  ConvTranspose2d twice;
  Conv2d conv;
};

// The features of both branches at one level.
struct Pair {
  Tensor spectral;
  Tensor spatial;
};
// The branches share these layers' weights, so that both go through in one batch.
Pair on_both(const Down& layer, const Pair& features);
Pair on_both(const Up& layer, const Pair& features, const Pair& skips);

}  // namespace cf::ssdiff
