#include "framework/nn/param_store.h"

#include "framework/autograd/node.h"
#include "framework/core/allocator.h"

namespace cf {
namespace {

// Elements that `t` takes in a flat buffer: its own, rounded up so that the next one is aligned like an allocation.
std::int64_t padded(const Tensor& t) {
  const auto unit = static_cast<std::int64_t>(CachingAllocator::kAlignment / size_of(t.dtype()));
  return (t.numel() + unit - 1) / unit * unit;
}

std::int64_t padded_total(const ParamStore::List& tensors) {
  std::int64_t total = 0;
  for (const auto& [name, value] : tensors) total += padded(value);
  return total;
}

// Moves the tensors, values included, onto consecutive windows of one new buffer on `device`.
Tensor move_to_flat(const ParamStore::List& tensors, DType dtype, Device device) {
  Tensor flat = Tensor::zeros({padded_total(tensors)}, dtype, device);
  std::int64_t offset = 0;
  for (const auto& [name, value] : tensors) {
    const Tensor place = Tensor::window(flat.storage(), offset, value.shape(), dtype);
    place.copy_from(value);
    value.rebind(place);
    offset += padded(value);
  }
  return flat;
}

}  // namespace

ParamStore::ParamStore(DType dtype, Device device) : dtype_(dtype), device_(device) {
  check(dtype == DType::f32 || dtype == DType::f64, "parameters: stored as f32 or f64, got {}", name_of(dtype));
}

void ParamStore::check_new(const std::string& name) const {
  check(!packed(), "parameters: '{}' comes after the store was packed", name);
  check(!by_name_.contains(name), "parameters: two are named '{}'", name);
}

Tensor ParamStore::add_param(const std::string& name, const Shape& shape) {
  check_new(name);
  Tensor value = Tensor::empty(shape, dtype_);
  value.set_requires_grad();
  params_.emplace_back(name, value);
  by_name_[name] = value;
  return value;
}

Tensor ParamStore::add_buffer(const std::string& name, const Shape& shape) {
  check_new(name);
  Tensor value = Tensor::empty(shape, dtype_);
  buffers_.emplace_back(name, value);
  by_name_[name] = value;
  return value;
}

void ParamStore::pack() {
  check(!packed(), "parameters: packed twice");
  flat_ = move_to_flat(params_, dtype_, device_);
  flat_buffers_ = move_to_flat(buffers_, dtype_, device_);
  flat_grad_ = Tensor::zeros(flat_.shape(), dtype_, device_);
  for (const auto& [name, value] : params_) {
    value.impl()->leaf->grad = Tensor::window(flat_grad_.storage(), value.storage_offset(), value.shape(), dtype_);
  }
}

const Tensor& ParamStore::packed_tensor(const Tensor& t) const {
  check(packed(), "parameters: the flat buffers exist once pack() was called");
  return t;
}

const Tensor& ParamStore::flat() const { return packed_tensor(flat_); }
const Tensor& ParamStore::flat_grad() const { return packed_tensor(flat_grad_); }
const Tensor& ParamStore::flat_buffers() const { return packed_tensor(flat_buffers_); }

void ParamStore::zero_grad() const { flat_grad().fill_zero(); }

ParamStore::List ParamStore::state() const {
  List all = params_;
  all.insert(all.end(), buffers_.begin(), buffers_.end());
  return all;
}

Tensor ParamStore::find(std::string_view name) const {
  const auto it = by_name_.find(name);
  return it != by_name_.end() ? it->second : Tensor();
}

Tensor ParamStore::at(std::string_view name) const {
  Tensor t = find(name);
  check(t.defined(), "parameters: none is named '{}'", name);
  return t;
}

std::int64_t ParamStore::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& [name, value] : params_) count += value.numel();
  return count;
}

}  // namespace cf
