// Pooling over windows of (N, H, W, C).
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

// Windows of size x size every `stride` pixels, no padding; a last incomplete window is left out. The gradient of a maximum
// goes to the first element that reaches it.
Tensor max_pool2d(const Tensor& x, std::int64_t size, std::int64_t stride);
Tensor avg_pool2d(const Tensor& x, std::int64_t size, std::int64_t stride);

}  // namespace cf::ops
