// The building blocks of CF2N. Features are (N, H, W, C); every convolution has a bias and keeps the size; LeakyReLU 0.2.
#pragma once

#include <array>

#include "framework/nn/layers.h"

namespace cf::cf2n {

inline constexpr double kLeak = 0.2;

// How a convolution starts: Kaiming normal with zero biases; a tenth of it where the output is a gate or a residual branch,
// so that gates start near neutral and blocks near the identity; zero for the last injection kernel.
enum class Start : std::uint8_t { plain, small, zero };

// A convolution of CF2N; leaky fuses the LeakyReLU that follows.
Conv2d conv(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel = 3, Start start = Start::plain,
            bool leaky = false);

// 2 sigmoid(x): a gain in (0, 2), neutral where its convolution is untrained.
Tensor gain(const Tensor& x);
// The same of a convolution.
Tensor gain(const Conv2d& conv, const Tensor& x);

// RB: a convolution, then a residual branch conv - LeakyReLU - conv. (N, H, W, in) -> (N, H, W, out)
struct ResidualBlock {
  static constexpr std::int64_t kReach = 3;  // pixels around an output pixel that it depends on

  ResidualBlock(const Scope& scope, std::int64_t in_channels, std::int64_t out_channels);
  Tensor operator()(const Tensor& x) const;

  Conv2d in;
  Conv2d body0;
  Conv2d body1;
};

// AWF, adaptive weighted fusion: what is unique to a, complemented by b, weighed per pixel and channel:
// g a + (1 - g) b with g = sigmoid(conv([a, b])).
struct AdaptiveFusion {
  AdaptiveFusion(const Scope& scope, std::int64_t channels, std::int64_t kernel = 3);
  Tensor operator()(const Tensor& a, const Tensor& b) const;

  Conv2d gate;
};

// A locally adaptive convolution (ops::laconv): its kernel is modulated at every pixel.
struct DynamicConv {
  DynamicConv(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel, Start start, double leaky_slope = 1);
  // x (N, H, W, in), spatial (N, H, W, kernel^2), channel (N, 1 or H, 1 or W, in) -> (N, H, W, out)
  Tensor operator()(const Tensor& x, const Tensor& spatial, const Tensor& channel) const;

  Tensor weight;  // (out, kernel, kernel, in)
  Tensor bias;    // (out)
  double slope;
};

// FD2R, frequency-domain dominated detail reconstruction: the Haar sub-bands of both heads are fused one by one, the two
// directional ones refined by HH and LL, and transformed back to the spatial detail D.
struct DetailReconstruction {
  DetailReconstruction(const Scope& scope, std::int64_t channels, std::int64_t bands);
  // (N, H, W, C) twice -> D (N, H, W, B)
  Tensor operator()(const Tensor& pan_features, const Tensor& ms_features) const;

  std::array<AdaptiveFusion, 4> fuse;  // LL, HL, LH, HH
  AdaptiveFusion refine_hl;
  AdaptiveFusion refine_lh;
  Conv2d to_detail;
  Conv2d encode;  // D -> frequency features (N, H, W, C), with LeakyReLU
};

// MDI, multi-scale detail injection between two stages: the high-passed images, encoded and fused.
struct DetailInjection {
  DetailInjection(const Scope& scope, std::int64_t channels, std::int64_t pan_bands, std::int64_t bands);
  Tensor operator()(const Tensor& high_pan, const Tensor& high_ms) const;

  ResidualBlock pan;
  ResidualBlock ms;
  AdaptiveFusion fuse;
};

}  // namespace cf::cf2n
