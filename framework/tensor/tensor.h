// Tensor: a handle to contiguous memory, channels-last for images (N, H, W, C), and its place in the autograd graph.
//
// Copying a Tensor copies the handle. Operators (framework/ops) make new tensors; nothing here computes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "framework/core/storage.h"
#include "framework/core/view.h"

namespace cf {

struct Node;
struct Leaf;

class Tensor {
 public:
  Tensor() = default;  // undefined: stands for "none" in optional arguments and gradients

  // Uninitialised.
  static Tensor empty(const Shape& shape, DType dtype = DType::f32, Device device = {});
  static Tensor zeros(const Shape& shape, DType dtype = DType::f32, Device device = {});
  static Tensor full(const Shape& shape, double value, DType dtype = DType::f32, Device device = {});
  template <class T>
  static Tensor from(const Shape& shape, std::span<const T> values);
  template <class T>
  static Tensor from(const Shape& shape, const std::vector<T>& values) {
    return from(shape, std::span<const T>(values));
  }
  // Another window on existing memory, `offset` elements in; no gradient flows through it.
  static Tensor window(const StoragePtr& storage, std::int64_t offset, const Shape& shape, DType dtype);

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const;
  std::int64_t dim(int i) const { return shape()[i]; }
  int rank() const { return shape().rank(); }
  std::int64_t numel() const { return shape().numel(); }
  DType dtype() const;
  Device device() const;

  View view() const;
  ConstView cview() const { return view(); }
  // Host memory, checked to hold T.
  template <class T>
  std::span<T> span() const;
  // The one element of a tensor of one element, as double. Waits for the device.
  double item() const;
  // The values, copied to the host.
  template <class T>
  std::vector<T> to_vector() const {
    const Tensor host = to(Device{});
    const auto s = host.span<T>();
    return {s.begin(), s.end()};
  }

  // The same memory under another shape of as many elements; no gradient flows through it (ops::reshape records one).
  Tensor alias(const Shape& shape) const;
  // The same memory outside the graph.
  Tensor detach() const { return alias(shape()); }
  // A copy of the values outside the graph.
  Tensor clone() const;
  // A converted copy outside the graph (f32, f64, bf16, i64, u8, u16; to integers: rounded to nearest and saturated).
  Tensor to(DType dtype) const;
  // The same values on another device outside the graph; the same memory where it is there already.
  Tensor to(Device device) const;
  // Copies the values of a tensor of equal shape and dtype, from whatever device, into this one's memory.
  void copy_from(const Tensor& source) const;
  void fill_zero() const;
  // Moves this tensor, seen through every handle, onto other memory of equal shape and dtype. The values stay behind.
  void rebind(const Tensor& target) const;
  const StoragePtr& storage() const;
  std::int64_t storage_offset() const;  // in elements
  // True where no other tensor shares the memory, so that it may be overwritten.
  bool exclusive() const;

  // --- autograd (framework/autograd) ---
  bool requires_grad() const;
  // Makes a leaf that collects gradients (or no longer does). Throws Error on the result of a recorded operator.
  const Tensor& set_requires_grad(bool on = true) const;
  // The accumulated gradient of a leaf; undefined where there is none yet.
  Tensor grad() const;
  void zero_grad() const;

  struct Impl;
  const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  explicit Tensor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

struct Tensor::Impl {
  StoragePtr storage;
  std::int64_t offset = 0;  // in elements
  Shape shape;
  DType dtype = DType::f32;
  // Autograd: what made this tensor, or where a leaf collects its gradient.
  std::shared_ptr<Node> node;
  int output = 0;
  std::shared_ptr<Leaf> leaf;
};

template <class T>
std::span<T> Tensor::span() const {
  const View v = view();
  check(v.device.kind == Device::Kind::cpu, "tensor: on {}, read on the host", v.device.str());
  return {v.as<T>(), static_cast<std::size_t>(v.numel())};
}

template <class T>
Tensor Tensor::from(const Shape& shape, std::span<const T> values) {
  check(static_cast<std::int64_t>(values.size()) == shape.numel(), "tensor: {} values for shape {}", values.size(), shape.str());
  Tensor t = empty(shape, DTypeOf<T>::value);
  std::copy(values.begin(), values.end(), t.span<T>().begin());
  return t;
}

}  // namespace cf
