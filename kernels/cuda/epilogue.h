// What stands around the products that libraries compute: bias and activation behind them, the gradient of a bias.
#pragma once

#include "framework/core/view.h"

namespace cf::cuda {

// y = leaky(y + bias), in place: y (..., C) f32 or bf16, bias (C) or none; slope 1: no LeakyReLU.
void add_bias_leaky(View y, ConstView bias, double slope);

// db (C) = dy (..., C) summed over all but the channels, in f32 and in an order that the shape alone decides.
void column_sums(ConstView dy, View db);

}  // namespace cf::cuda
