// Bias and LeakyReLU behind a kernel that has neither.
#pragma once

#include <cstdint>

namespace cf::cpu {

// y = leaky(y + bias) in place; y (rows, channels), bias (channels) or null.
void add_bias_leaky(float* y, std::int64_t rows, std::int64_t channels, const float* bias, float slope);

}  // namespace cf::cpu
