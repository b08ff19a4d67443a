// Discrete Fourier transforms over H and W: the contract every backend fills in. f32 and f64; any H and W.
// Complex numbers are a trailing dimension of 2 (re, im).
#pragma once

#include "framework/core/view.h"

namespace cf {

struct FftKernels {
  // y[k,l] = scale * sum over h, w of x[h,w] * exp(-+ 2 pi i (h k / H + w l / W)), + where `inverse`. x and y are each
  // (N, H, W, C, 2), or (N, H, W, C): a real x has no imaginary part, a real y drops it.
  void (*dft2)(ConstView x, bool inverse, double scale, View y);
  // y (...) = real part of z (..., 2).
  void (*real_part)(ConstView z, View y);
  // z (..., 2) = x (...) + 0i: the adjoint of real_part.
  void (*to_complex)(ConstView x, View z);
  // y (...) = |z|, z (..., 2).
  void (*complex_abs)(ConstView z, View y);
  // dz = dy * z / y, 0 where y = |z| is 0.
  void (*complex_abs_grad)(ConstView z, ConstView y, ConstView dy, View dz);
};

namespace reference {
void fill(FftKernels& k);
}
namespace cpu {
void fill(FftKernels& k);
}
namespace cuda {
void fill(FftKernels& k);
}

}  // namespace cf
