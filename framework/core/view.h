// What a kernel sees of a tensor: a pointer, a shape, a type. Contiguous, the last dimension fastest.
#pragma once

#include "framework/core/check.h"
#include "framework/core/device.h"
#include "framework/core/dtype.h"
#include "framework/core/shape.h"

namespace cf {

struct View {
  void* data = nullptr;
  Shape shape;
  DType dtype = DType::f32;
  Device device;

  template <class T>
  T* as() const {
    check(dtype == DTypeOf<T>::value, "view: holds {}, read as {}", name_of(dtype), name_of(DTypeOf<T>::value));
    return static_cast<T*>(data);
  }
  std::int64_t numel() const { return shape.numel(); }
  explicit operator bool() const { return data != nullptr; }
};

struct ConstView {
  const void* data = nullptr;
  Shape shape;
  DType dtype = DType::f32;
  Device device;

  ConstView() = default;
  ConstView(const void* d, const Shape& s, DType t, Device dev) : data(d), shape(s), dtype(t), device(dev) {}
  ConstView(const View& v) : data(v.data), shape(v.shape), dtype(v.dtype), device(v.device) {}  // NOLINT: a view is a const view

  template <class T>
  const T* as() const {
    check(dtype == DTypeOf<T>::value, "view: holds {}, read as {}", name_of(dtype), name_of(DTypeOf<T>::value));
    return static_cast<const T*>(data);
  }
  std::int64_t numel() const { return shape.numel(); }
  explicit operator bool() const { return data != nullptr; }
};

}  // namespace cf
