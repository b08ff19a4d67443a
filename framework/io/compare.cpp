#include "framework/io/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

namespace cf {
namespace {

std::string described(const Tensor& t) { return std::string(name_of(t.dtype())) + " " + t.shape().str(); }

TensorDifference compare_values(const std::string& name, const Tensor& a, const Tensor& b) {
  TensorDifference d;
  d.name = name;
  d.numel = a.numel();
  const std::size_t size = size_of(a.dtype());
  const auto* bytes_a = static_cast<const std::uint8_t*>(a.cview().data);
  const auto* bytes_b = static_cast<const std::uint8_t*>(b.cview().data);
  if (std::memcmp(bytes_a, bytes_b, static_cast<std::size_t>(d.numel) * size) == 0) return d;
  const Tensor wide_a = a.to(DType::f64);
  const Tensor wide_b = b.to(DType::f64);
  const auto values_a = wide_a.span<double>();
  const auto values_b = wide_b.span<double>();
  for (std::size_t i = 0; i < values_a.size(); ++i) {
    if (std::memcmp(bytes_a + i * size, bytes_b + i * size, size) == 0) continue;
    ++d.differing;
    const double x = values_a[i];
    const double y = values_b[i];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;  // zeros of two signs, NaNs of two kinds
    const double difference = std::isfinite(x - y) ? std::abs(x - y) : std::numeric_limits<double>::infinity();
    d.max_abs = std::max(d.max_abs, difference);
    d.max_rel = std::max(d.max_rel, std::isinf(difference) ? difference : difference / std::max(std::abs(x), std::abs(y)));
  }
  return d;
}

// Every value of nested objects and lists by its path.
void flatten(const ordered_json& json, const std::string& path, std::map<std::string, std::string>& out) {
  if (!json.is_structured() || json.empty()) {
    out[path] = json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    return;
  }
  std::size_t index = 0;
  for (const auto& [key, value] : json.items()) {
    const std::string step = json.is_array() ? "[" + std::to_string(index++) + "]" : (path.empty() ? "" : ".") + key;
    flatten(value, path + step, out);
  }
}

std::vector<MetaDifference> compare_meta(const ordered_json& a, const ordered_json& b) {
  std::map<std::string, std::string> flat_a;
  std::map<std::string, std::string> flat_b;
  flatten(a, "", flat_a);
  flatten(b, "", flat_b);
  std::map<std::string, MetaDifference> all;
  for (const auto& [path, value] : flat_a) all[path] = {path, value, ""};
  for (const auto& [path, value] : flat_b) {
    all[path].path = path;
    all[path].b = value;
  }
  std::vector<MetaDifference> out;
  for (const auto& [path, difference] : all) {
    if (difference.a != difference.b) out.push_back(difference);
  }
  return out;
}

std::string shortened(const std::string& value) {
  constexpr std::size_t kShown = 60;
  if (value.empty()) return "(none)";
  return value.size() <= kShown ? value : value.substr(0, kShown) + "...";
}

}  // namespace

CheckpointComparison compare_checkpoints(const Checkpoint& a, const Checkpoint& b) {
  CheckpointComparison comparison;
  for (const auto& [name, tensor] : a.tensors) {
    const Tensor* other = b.find(name);
    if (other == nullptr) {
      comparison.only_a.push_back(name);
    } else if (tensor.shape() != other->shape() || tensor.dtype() != other->dtype()) {
      TensorDifference difference;
      difference.name = name;
      difference.misfit = described(tensor) + " | " + described(*other);
      comparison.differing.push_back(std::move(difference));
    } else if (TensorDifference difference = compare_values(name, tensor, *other); difference.differing > 0) {
      comparison.differing.push_back(std::move(difference));
    } else {
      ++comparison.equal_tensors;
    }
  }
  for (const auto& [name, tensor] : b.tensors) {
    if (!a.has(name)) comparison.only_b.push_back(name);
  }
  comparison.meta = compare_meta(a.meta, b.meta);
  return comparison;
}

std::string CheckpointComparison::report(std::string_view a, std::string_view b) const {
  std::string text = fmt::format("a: {}\nb: {}\n", a, b);
  for (const std::string& name : only_a) text += fmt::format("only in a: {}\n", name);
  for (const std::string& name : only_b) text += fmt::format("only in b: {}\n", name);
  for (const TensorDifference& d : differing) {
    text += d.misfit.empty() ? fmt::format("differs: {}: {} of {} values, at most {:.3g} (relative {:.3g})\n", d.name,
                                           d.differing, d.numel, d.max_abs, d.max_rel)
                             : fmt::format("differs: {}: {}\n", d.name, d.misfit);
  }
  for (const MetaDifference& d : meta) text += fmt::format("meta {}: {} | {}\n", d.path, shortened(d.a), shortened(d.b));
  if (equal()) return text + fmt::format("equal: all {} tensors, bit by bit\n", equal_tensors);
  return text + fmt::format("different: {} tensors equal, {} differ, {} only in a, {} only in b\n", equal_tensors,
                            differing.size(), only_a.size(), only_b.size());
}

}  // namespace cf
