// Checks of operands that many operators share.
#pragma once

#include "framework/core/check.h"
#include "framework/tensor/tensor.h"

namespace cf::ops {

// Throws Error naming `op` unless a and b have one dtype and device.
inline void check_same_type(const char* op, const Tensor& a, const Tensor& b) {
  check(a.dtype() == b.dtype(), "{}: {} and {} do not mix; convert one with to()", op, name_of(a.dtype()), name_of(b.dtype()));
  check(a.device() == b.device(), "{}: operands on {} and {}", op, a.device().str(), b.device().str());
}

// The same, and one shape.
inline void check_alike(const char* op, const Tensor& a, const Tensor& b) {
  check_same_type(op, a, b);
  check(a.shape() == b.shape(), "{}: shapes {} and {} differ", op, a.shape().str(), b.shape().str());
}

// Throws Error unless x is an image (N, H, W, C).
inline void check_image(const char* op, const Tensor& x) {
  check(x.rank() == 4, "{}: needs an image (N, H, W, C), got shape {}", op, x.shape().str());
}

// An uninitialised tensor of x's dtype and device.
inline Tensor empty_like(const Tensor& x, const Shape& shape) { return Tensor::empty(shape, x.dtype(), x.device()); }
inline Tensor empty_like(const Tensor& x) { return empty_like(x, x.shape()); }

}  // namespace cf::ops
