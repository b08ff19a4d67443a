// Interpolation (channels-last): the contract every backend fills in. f32 and f64.
#pragma once

#include "framework/core/view.h"
#include "kernels/axis_map.h"

namespace cf {

struct ResizeKernels {
  // x (N, H, W, C) -> y (N, H', W', C) by interpolation_map along both axes.
  void (*interpolate)(ConstView x, Resample mode, bool align_corners, View y);
  // Its adjoint: dy (N, H', W', C) -> dx (N, H, W, C), overwritten.
  void (*interpolate_grad)(ConstView dy, Resample mode, bool align_corners, View dx);
};

namespace reference {
void fill(ResizeKernels& k);
}
namespace cpu {
void fill(ResizeKernels& k);
}
namespace cuda {
void fill(ResizeKernels& k);
}

}  // namespace cf
