// What NVIDIA's libraries compute where they are only a part of a family of kernels.
#pragma once

#include "framework/core/view.h"

namespace cf::cuda {

// y[k,l] = sum over h, w of x[h,w] * exp(-+ 2 pi i (h k / H + w l / W)), + where `inverse`: cuFFT. x and y are complex f32
// (N, H, W, C, 2) in separate memory, not empty.
void transform_planes(ConstView x, bool inverse, View y);

}  // namespace cf::cuda
