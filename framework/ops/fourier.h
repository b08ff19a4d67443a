// Filters in the frequency domain.
#pragma once

#include <cstdint>

#include "framework/tensor/tensor.h"

namespace cf::ops {

// x (N, H, W, C) with its frequencies u in [-threshold, threshold), along H and along W, multiplied by `scale`: the Fourier
// filter of FreeU (Si et al., CVPR 2024), which SSDiff uses. The block is not symmetric, so the result of the inverse
// transform is complex; its real part is returned. 0 <= threshold <= H/2 and W/2.
Tensor fourier_filter(const Tensor& x, std::int64_t threshold, double scale);

}  // namespace cf::ops
