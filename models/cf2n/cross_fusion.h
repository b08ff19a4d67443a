// FSCFM, the frequency-spectral cross fusion module of CF2N.
#pragma once

#include "models/cf2n/blocks.h"

namespace cf::cf2n {

// FDA, frequency-domain attention: one k x k kernel per pixel from the channel maximum (high frequencies) and mean (low).
struct FrequencyAttention {
  FrequencyAttention(const Scope& scope, std::int64_t channels, std::int64_t kernel_size);
  // (N, H, W, C) -> (N, H, W, k^2)
  Tensor operator()(const Tensor& frequency) const;

  ResidualBlock rb;
  Conv2d kernel;
};

// SDA, spectral-domain attention: one gain per channel from the global maximum and mean. The only part of CF2N that sees
// the whole image; where an image is fused in parts, the gains are given instead (PoolingModel).
struct SpectralAttention {
  SpectralAttention(const Scope& scope, std::int64_t channels);
  // (N, H, W, C) -> (N, 1, 1, C)
  Tensor operator()(const Tensor& spectral) const;
  // Pools where `valid` (N, H, W, 1) is 1 and not 0.
  Tensor operator()(const Tensor& spectral, const Tensor& valid) const;

  Conv2d conv;
  AdaptiveFusion fuse;
};

// FSM, frequency-spectral modulation: the kernel of the second convolution, factored into a k x k map and a gain per channel
// at every pixel.
struct Modulation {
  struct Kernel {
    Tensor spatial;  // (N, H, W, k^2)
    Tensor gain;     // (N, H, W, C)
  };
  Modulation(const Scope& scope, std::int64_t channels, std::int64_t kernel_size);
  Kernel operator()(const Tensor& mid) const;

  Conv2d conv0;
  Conv2d conv1;
  Conv2d squeeze;
  AdaptiveFusion fuse;
  Conv2d kernel;
  Conv2d gate;
};

struct CrossFusion {
  // last: the module that yields the injected detail, `out_channels` bands of it, zero at the start.
  CrossFusion(const Scope& scope, std::int64_t channels, std::int64_t out_channels, std::int64_t kernel_size, bool last);
  // The result, behind a LeakyReLU unless it is the detail: (N, H, W, C) and SDA's gains, (N, 1, 1, C) or one for each pixel
  // (N, H, W, C) -> (N, H, W, out_channels)
  Tensor operator()(const Tensor& frequency, const Tensor& spectral_gain) const;
  // Pixels around an output pixel that it depends on.
  static std::int64_t reach(std::int64_t kernel_size);

  FrequencyAttention fda;
  SpectralAttention sda;
  Modulation fsm;
  DynamicConv mid;
  DynamicConv out;
};

}  // namespace cf::cf2n
