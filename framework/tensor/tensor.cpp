#include "framework/tensor/tensor.h"

#include "framework/autograd/node.h"
#include "framework/core/device_services.h"
#include "kernels/table.h"

namespace cf {
namespace {

std::size_t byte_count(const Tensor& t) { return static_cast<std::size_t>(t.numel()) * size_of(t.dtype()); }

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
  t.fill_zero();
  return t;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  Tensor t = empty(shape, dtype, device);
  kernels_for(device).elementwise.fill(value, t.view());
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
  if (!device().is_cpu()) return to(Device{}).item();
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
  kernels_for(device()).elementwise.cast(cview(), t.view());
  return t;
}

Tensor Tensor::to(Device target) const {
  if (target == device()) return detach();
  Tensor t = empty(shape(), dtype(), target);
  t.copy_from(*this);
  return t;
}

void Tensor::copy_from(const Tensor& source) const {
  check(shape() == source.shape() && dtype() == source.dtype(), "tensor: copy of {} {} into {} {}", name_of(source.dtype()),
        source.shape().str(), name_of(dtype()), shape().str());
  copy_bytes(device(), view().data, source.device(), source.view().data, byte_count(*this));
}

void Tensor::fill_zero() const { services_of(device()).zero(device().index, view().data, byte_count(*this)); }

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
  impl_->leaf->grad.fill_zero();
}

}  // namespace cf
