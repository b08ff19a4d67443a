// A linear map along the rows and one along the columns of channels-last images, in f32.
#pragma once

#include "kernels/axis_map.h"

namespace cf::cpu {

// y = x mapped along H by `rows` and along W by `cols`: x (n, rows.inputs, cols.inputs, c) -> y (n, rows.outputs(),
// cols.outputs(), c). `complement`: y = x minus that, for maps that keep the size.
void apply_separable(const float* x, std::int64_t n, std::int64_t c, const AxisMap& rows, const AxisMap& cols, bool complement,
                     float* y);

}  // namespace cf::cpu
