#include "tests/harness/fixture.h"

#include <algorithm>

namespace cf::test {

Tensor permuted(const Tensor& x, const std::vector<int>& order) {
  Shape shape = x.shape();
  std::vector<std::int64_t> strides(order.size());
  for (int d = 0; d < x.rank(); ++d) {
    const int from = order[static_cast<std::size_t>(d)];
    shape[d] = x.dim(from);
    std::int64_t stride = 1;
    for (int e = from + 1; e < x.rank(); ++e) stride *= x.dim(e);
    strides[static_cast<std::size_t>(d)] = stride;
  }
  const Tensor wide = x.to(DType::f64);
  Tensor y = Tensor::empty(shape, DType::f64);
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    std::int64_t rest = i;
    std::int64_t at = 0;
    for (int d = x.rank() - 1; d >= 0; --d) {
      at += rest % shape[d] * strides[static_cast<std::size_t>(d)];
      rest /= shape[d];
    }
    y.span<double>()[static_cast<std::size_t>(i)] = wide.span<double>()[static_cast<std::size_t>(at)];
  }
  return y.to(x.dtype());
}

Tensor channels_last(const Tensor& x) {
  if (x.rank() == 4) return permuted(x, {0, 2, 3, 1});
  if (x.rank() == 5) return permuted(x, {0, 2, 3, 1, 4});
  return x;
}

Fixture::Fixture(const std::filesystem::path& folder, const std::string& name)
    : folder_(folder), name_(name), content_(read_safetensors(folder / (name + ".safetensors"))) {}

bool Fixture::has(const std::string& tensor) const { return find_tensor(content_.tensors, tensor) != nullptr; }

const Tensor& Fixture::raw(const std::string& tensor) const {
  const Tensor* t = find_tensor(content_.tensors, tensor);
  check(t != nullptr, "{}: holds no tensor {}", name_, tensor);
  return *t;
}

Tensor Fixture::get(const std::string& tensor, DType dtype) const { return channels_last(raw(tensor)).to(dtype); }

std::vector<std::string> Fixture::names(const std::string& prefix) const {
  std::vector<std::string> found;
  for (const auto& [name, tensor] : content_.tensors) {
    if (name.starts_with(prefix)) found.push_back(name.substr(prefix.size()));
  }
  return found;
}

const std::string& Fixture::text(const std::string& attribute) const {
  const auto it = content_.metadata.find(attribute);
  check(it != content_.metadata.end(), "{}: has no attribute {}", name_, attribute);
  return it->second;
}

std::vector<double> Fixture::numbers(const std::string& attribute) const {
  const std::string& list = text(attribute);
  std::vector<double> values;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    values.push_back(std::stod(list.substr(at, end - at)));
    at = end + 1;
  }
  return values;
}

}  // namespace cf::test
