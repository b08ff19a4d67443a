// Element-wise operators. Binary ones broadcast, aligned at the last dimension; no dtype is promoted.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
// a / b; no check for zeros.
Tensor div(const Tensor& a, const Tensor& b);

// scale * x + offset
Tensor affine(const Tensor& x, double scale, double offset);
Tensor neg(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor square(const Tensor& x);
// x limited to [lo, hi]; the gradient passes inside and on the bounds.
Tensor clamp(const Tensor& x, double lo, double hi);
// a where condition (u8) is not zero, b elsewhere; all three broadcast.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

}  // namespace cf::ops
