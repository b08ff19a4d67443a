#include "framework/tensor/tensor.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "framework/autograd/node.h"
#include "kernels/table.h"

namespace cf {
namespace {

// Calls fn with a value of the C++ type that `t` stores.
template <class F>
decltype(auto) dispatch_any(DType t, F&& fn) {
  switch (t) {
    case DType::f32: return fn(float{});
    case DType::f64: return fn(double{});
    case DType::bf16: return fn(bf16{});
    case DType::i64: return fn(std::int64_t{});
    case DType::u8: return fn(std::uint8_t{});
    case DType::u16: return fn(std::uint16_t{});
  }
  fail("tensor: unknown dtype {}", static_cast<int>(t));
}

template <class To, class From>
To convert(From value) {
  double d = 0;
  if constexpr (std::is_same_v<From, bf16>) {
    d = static_cast<float>(value);
  } else {
    d = static_cast<double>(value);
  }
  if constexpr (std::is_same_v<To, bf16>) {
    return bf16(static_cast<float>(d));
  } else if constexpr (std::is_integral_v<To>) {
    if (std::isnan(d)) return 0;
    const double r = std::round(d);
    if (r <= static_cast<double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    if (r >= static_cast<double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    return static_cast<To>(r);
  } else {
    return static_cast<To>(d);
  }
}

}  // namespace

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device) {
  auto impl = std::make_shared<Impl>();
  impl->storage = std::make_shared<Storage>(static_cast<std::size_t>(shape.numel()) * size_of(dtype), device);
  impl->shape = shape;
  impl->dtype = dtype;
  return Tensor(std::move(impl));
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
  Tensor t = empty(shape, dtype, device);
  check(device.kind == Device::Kind::cpu, "tensor: zeros on {}", device.str());
  std::memset(t.view().data, 0, static_cast<std::size_t>(t.numel()) * size_of(dtype));
  return t;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  Tensor t = empty(shape, dtype, device);
  dispatch_any(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (T& v : t.span<T>()) v = convert<T>(value);
  });
  return t;
}

Tensor Tensor::window(const StoragePtr& storage, std::int64_t offset, const Shape& shape, DType dtype) {
  check(static_cast<std::size_t>(offset + shape.numel()) * size_of(dtype) <= storage->bytes(),
        "tensor: a window of shape {} at element {} leaves its storage of {} bytes", shape.str(), offset, storage->bytes());
  auto impl = std::make_shared<Impl>();
  impl->storage = storage;
  impl->offset = offset;
  impl->shape = shape;
  impl->dtype = dtype;
  return Tensor(std::move(impl));
}

const Shape& Tensor::shape() const {
  check(defined(), "tensor: used before it was given a value");
  return impl_->shape;
}

DType Tensor::dtype() const {
  check(defined(), "tensor: used before it was given a value");
  return impl_->dtype;
}

Device Tensor::device() const { return storage()->device(); }

const StoragePtr& Tensor::storage() const {
  check(defined(), "tensor: used before it was given a value");
  return impl_->storage;
}

std::int64_t Tensor::storage_offset() const { return impl_->offset; }

bool Tensor::exclusive() const { return defined() && impl_->storage.use_count() == 1 && impl_.use_count() == 1; }

View Tensor::view() const {
  check(defined(), "tensor: used before it was given a value");
  auto* base = static_cast<std::uint8_t*>(impl_->storage->data());
  return {base + static_cast<std::size_t>(impl_->offset) * size_of(impl_->dtype), impl_->shape, impl_->dtype,
          impl_->storage->device()};
}

double Tensor::item() const {
  check(numel() == 1, "tensor: item() of shape {}", shape().str());
  return dispatch_any(dtype(), [&](auto zero) { return convert<double>(span<decltype(zero)>()[0]); });
}

Tensor Tensor::alias(const Shape& shape) const {
  check(shape.numel() == numel(), "tensor: {} elements seen as {}", numel(), shape.str());
  return window(storage(), impl_->offset, shape, impl_->dtype);
}

Tensor Tensor::clone() const {
  Tensor t = empty(shape(), dtype(), device());
  t.copy_from(*this);
  return t;
}

Tensor Tensor::to(DType target) const {
  if (target == dtype()) return clone();
  Tensor t = empty(shape(), target, device());
  dispatch_any(dtype(), [&](auto from) {
    const auto in = span<decltype(from)>();
    dispatch_any(target, [&](auto to) {
      const auto out = t.span<decltype(to)>();
      for (std::size_t i = 0; i < in.size(); ++i) out[i] = convert<decltype(to)>(in[i]);
    });
  });
  return t;
}

void Tensor::copy_from(const Tensor& source) const {
  check(shape() == source.shape() && dtype() == source.dtype(), "tensor: copy of {} {} into {} {}", name_of(source.dtype()),
        source.shape().str(), name_of(dtype()), shape().str());
  std::memcpy(view().data, source.view().data, static_cast<std::size_t>(numel()) * size_of(dtype()));
}

void Tensor::rebind(const Tensor& target) const {
  check(shape() == target.shape() && dtype() == target.dtype(), "tensor: {} {} moved onto {} {}", name_of(dtype()), shape().str(),
        name_of(target.dtype()), target.shape().str());
  impl_->storage = target.impl_->storage;
  impl_->offset = target.impl_->offset;
}

bool Tensor::requires_grad() const { return defined() && (impl_->node != nullptr || impl_->leaf != nullptr); }

const Tensor& Tensor::set_requires_grad(bool on) const {
  check(impl_->node == nullptr, "tensor: the result of an operator is not a leaf; detach() it first");
  if (!on) {
    impl_->leaf.reset();
  } else if (impl_->leaf == nullptr) {
    impl_->leaf = std::make_shared<Leaf>();
  }
  return *this;
}

Tensor Tensor::grad() const { return impl_->leaf != nullptr ? impl_->leaf->grad : Tensor(); }

void Tensor::zero_grad() const {
  if (impl_->leaf == nullptr || !impl_->leaf->grad.defined()) return;
  const View v = impl_->leaf->grad.view();
  std::memset(v.data, 0, static_cast<std::size_t>(v.numel()) * size_of(v.dtype));
}

}  // namespace cf
