// One forward convolution of stride 1 as our own kernels take it.
#pragma once

#include <type_traits>

#include "kernels/conv.h"

namespace cf::cpu {

struct ConvProblem {
  struct Source {
    const float* x;
    std::int64_t channels;
  };
  Source sources[2];  // whose channels follow one another; the second may have none
  std::int64_t n, h, w, channels, out_h, out_w, out_channels, kh, kw, padding;
  const float *weight, *bias;
  ConvEnd end;
  float slope;
  const float* added;
  float* y;
};

// x (N, H, W, I) or the first part of it, w (O, kH, kW, I), y (N, H', W', O).
ConvProblem conv_problem(const ConvParams& p, const ConvFusion& f, ConstView x, ConstView w, ConstView b, View y);

}  // namespace cf::cpu
