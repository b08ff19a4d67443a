// Two-dimensional Fourier transforms over H and W; complex numbers are a trailing dimension of 2 (re, im).
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

// Real (N, H, W, C) or complex (N, H, W, C, 2) -> complex (N, H, W, C, 2), unnormalised; any H and W.
Tensor fft2(const Tensor& x);
// Complex -> complex, divided by H*W.
Tensor ifft2(const Tensor& x);
// Complex (..., 2) -> real (...).
Tensor real(const Tensor& z);
// Modulus of complex (..., 2); the gradient at 0 is 0.
Tensor complex_abs(const Tensor& z);

}  // namespace cf::ops
