// SSDiff's frequency modulation.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

// y (N, H, W, C), H and W >= 2, with its four lowest frequencies (u, v), u and v in {0, -1}, multiplied by `scale`; the real part
// of the result. The closed form of fourier_filter(y, 1, scale), without a transform.
Tensor fmim(const Tensor& y, double scale);

}  // namespace cf::ops
