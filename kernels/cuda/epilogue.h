// What stands behind the products that libraries compute.
#pragma once

#include "framework/core/view.h"

namespace cf::cuda {

// y = leaky(y + bias), in place: y (..., C) f32 or bf16, bias (C) or none; slope 1: no LeakyReLU.
void add_bias_leaky(View y, ConstView bias, double slope);

}  // namespace cf::cuda
