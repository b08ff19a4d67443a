// How tests measure the distance between tensors.
#pragma once

#include <string>

#include "framework/tensor/tensor.h"

namespace cf::test {

// Norm of the difference / norm of `want`, computed in f64; where `want` is zero, the norm of the difference. NaN where
// either holds one. Throws Error where the shapes differ.
double relative_error(const Tensor& got, const Tensor& want);

double norm(const Tensor& x);

}  // namespace cf::test
