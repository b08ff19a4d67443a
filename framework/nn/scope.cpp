#include "framework/nn/scope.h"

namespace cf {

std::string Scope::full_name(std::string_view name) const {
  return prefix_.empty() ? std::string(name) : fmt::format("{}.{}", prefix_, name);
}

Tensor Scope::param(std::string_view name, const Shape& shape, const Init& init) const {
  const std::string full = full_name(name);
  Tensor t = store_->add_param(full, shape);
  fill(t, init, seed_, full);
  return t;
}

std::vector<Tensor> Scope::params() const {
  const std::string below = full_name("");
  std::vector<Tensor> found;
  for (const auto& [name, value] : store_->params()) {
    if (name.starts_with(below)) found.push_back(value);
  }
  return found;
}

Tensor Scope::buffer(std::string_view name, const Shape& shape, const Init& init) const {
  const std::string full = full_name(name);
  Tensor t = store_->add_buffer(full, shape);
  fill(t, init, seed_, full);
  return t;
}

}  // namespace cf
