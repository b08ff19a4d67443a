#include "framework/ops/fft.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/precision.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

Shape complex_shape(const Shape& s) { return {s[0], s[1], s[2], s[3], 2}; }

// The shape of one number per complex one.
Shape modulus_shape(const Shape& s) { return Shape(s.dims().first(s.dims().size() - 1)); }

Tensor dft2(const Tensor& x, bool inverse, double scale, const Shape& to) {
  Tensor y = Tensor::empty(to, x.dtype(), x.device());
  kernels_for(x.device()).fft.dft2(x.cview(), inverse, scale, y.view());
  return y;
}

void check_complex(const char* op, const Tensor& z) {
  check(z.rank() > 1 && z.dim(-1) == 2, "{}: complex numbers have a last dimension of 2 (re, im), got {}", op, z.shape().str());
}

void check_pixels(const char* op, const Tensor& x) {
  check(x.dim(1) > 0 && x.dim(2) > 0, "{}: {} has no pixels", op, x.shape().str());
}

}  // namespace

// With the transform as a matrix F over real pairs, its adjoint is the conjugate transform, unnormalised: for a real x the
// imaginary part of that has nowhere to go.
Tensor fft2(const Tensor& x) {
  if (const auto o = settle(Mixing::full, {&x})) return fft2((*o)[0]);
  const OpRange range("fft2");
  check(x.rank() == 4 || (x.rank() == 5 && x.dim(4) == 2), "fft2: x must be (N, H, W, C) or complex (N, H, W, C, 2), got {}",
        x.shape().str());
  check_pixels("fft2", x);
  Tensor y = dft2(x, false, 1, complex_shape(x.shape()));
  record("fft2", {x}, {y}, [shape = x.shape()](const Backward& bw) { return Grads{dft2(bw.dy(), true, 1, shape)}; });
  return y;
}

Tensor ifft2(const Tensor& x) {
  if (const auto o = settle(Mixing::full, {&x})) return ifft2((*o)[0]);
  const OpRange range("ifft2");
  check(x.rank() == 5 && x.dim(4) == 2, "ifft2: x must be complex (N, H, W, C, 2), got {}", x.shape().str());
  check_pixels("ifft2", x);
  const double scale = 1.0 / static_cast<double>(x.dim(1) * x.dim(2));
  Tensor y = dft2(x, true, scale, x.shape());
  record("ifft2", {x}, {y}, [shape = x.shape(), scale](const Backward& bw) { return Grads{dft2(bw.dy(), false, scale, shape)}; });
  return y;
}

Tensor real(const Tensor& z) {
  const OpRange range("real");
  check_complex("real", z);
  Tensor y = Tensor::empty(modulus_shape(z.shape()), z.dtype(), z.device());
  kernels_for(z.device()).fft.real_part(z.cview(), y.view());
  record("real", {z}, {y}, [shape = z.shape()](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dz = Tensor::empty(shape, dy.dtype(), dy.device());
    kernels_for(dy.device()).fft.to_complex(dy.cview(), dz.view());
    return Grads{dz};
  });
  return y;
}

Tensor complex_abs(const Tensor& z) {
  const OpRange range("complex_abs");
  check_complex("complex_abs", z);
  Tensor y = Tensor::empty(modulus_shape(z.shape()), z.dtype(), z.device());
  kernels_for(z.device()).fft.complex_abs(z.cview(), y.view());
  record("complex_abs", {z}, {y}, [z = z.detach(), y = y.detach()](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dz = Tensor::empty(z.shape(), z.dtype(), z.device());
    kernels_for(z.device()).fft.complex_abs_grad(z.cview(), y.cview(), dy.cview(), dz.view());
    return Grads{dz};
  });
  return y;
}

}  // namespace cf::ops
