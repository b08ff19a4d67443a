// Interpolation of (N, H, W, C).
#pragma once

#include <cstdint>

#include "framework/tensor/tensor.h"

namespace cf::ops {

enum class Interpolation : std::uint8_t { nearest, bilinear, bicubic };
// To out_h x out_w. align_corners maps the centres of the corner pixels onto each other; otherwise pixel areas are mapped
// (half-pixel centres). bicubic is Keys' kernel with a = -0.75, edge pixels repeated; no antialiasing (all as PyTorch).
// nearest ignores align_corners and takes floor(i * in / out).
Tensor interpolate(const Tensor& x, std::int64_t out_h, std::int64_t out_w, Interpolation mode, bool align_corners = false);

}  // namespace cf::ops
