// Linear maps along both axes of an image (kernels/axis_map.h) in one kernel: interpolation, box means, and their adjoints.
#pragma once

#include "framework/core/view.h"
#include "kernels/axis_map.h"

namespace cf::cuda {

enum class Separable : std::uint8_t {
  map,         // y = M x
  complement,  // y = x - M x, of one shape
};

// y (N, H', W', C) of x (N, H, W, C), where M takes rows along H and cols along W, both without empty weights: each element of y
// is a sum in f32 over the terms of its row and column, in their order. An adjoint is the map of transposed(): nothing is
// scattered, so that no two threads write to one place. The maps go to the device once (constants.h). f32 and bf16.
void separable(const char* name, Separable kind, const AxisMap& rows, const AxisMap& cols, ConstView x, View y);

}  // namespace cf::cuda
