#include "framework/io/named_tensors.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace cf {
namespace {

constexpr std::size_t kListed = 20;  // names per list of a message

std::string listed(const char* title, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string text = "\n  " + std::to_string(items.size()) + " " + title + ":";
  for (std::size_t i = 0; i < std::min(items.size(), kListed); ++i) text += "\n    " + items[i];
  if (items.size() > kListed) text += "\n    ... and " + std::to_string(items.size() - kListed) + " more";
  return text;
}

bool is_float(DType t) { return t == DType::f32 || t == DType::f64; }

std::string described(const Tensor& t) { return std::string(name_of(t.dtype())) + " " + t.shape().str(); }

}  // namespace

const Tensor* find_tensor(const NamedTensors& tensors, std::string_view name) {
  const auto it = std::find_if(tensors.begin(), tensors.end(), [&](const auto& entry) { return entry.first == name; });
  return it == tensors.end() ? nullptr : &it->second;
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DType t : {DType::f32, DType::f64, DType::bf16, DType::i64, DType::u8, DType::u16}) {
    if (name_of(t) == name) return t;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> checked_bytes(const std::vector<std::int64_t>& extents, DType dtype) {
  if (extents.size() > Shape::kMaxRank) return std::nullopt;
  // Extents are checked even behind a zero, so that Shape::numel cannot overflow on any order of multiplication.
  constexpr std::uint64_t kLimit = std::numeric_limits<std::int64_t>::max();
  std::uint64_t product = size_of(dtype);
  bool empty = false;
  for (const std::int64_t extent : extents) {
    if (extent < 0) return std::nullopt;
    const auto n = static_cast<std::uint64_t>(extent);
    empty = empty || n == 0;
    if (n > 0 && product > kLimit / n) return std::nullopt;
    product *= std::max<std::uint64_t>(n, 1);
  }
  return empty ? 0 : product;
}

void load_into(const NamedTensors& targets, const NamedTensors& source, std::string_view file, const LoadOptions& options) {
  std::map<std::string_view, const Tensor*> available;
  for (const auto& [name, tensor] : source) {
    if (name.starts_with(options.prefix)) available.emplace(std::string_view(name).substr(options.prefix.size()), &tensor);
  }
  std::vector<std::string> missing;
  std::vector<std::string> unexpected;
  std::vector<std::string> unfit;
  std::set<std::string_view> wanted;
  for (const auto& [name, target] : targets) {
    wanted.insert(name);
    const auto found = available.find(name);
    if (found == available.end()) {
      missing.push_back(options.prefix + name);
      continue;
    }
    const Tensor& from = *found->second;
    const bool convertible = from.dtype() == target.dtype() || (is_float(from.dtype()) && is_float(target.dtype()));
    if (from.shape() != target.shape() || !convertible) {
      unfit.push_back(options.prefix + name + ": " + described(from) + " in the file, " + described(target) + " wanted");
    }
  }
  for (const auto& [name, tensor] : available) {
    if (!wanted.contains(name)) unexpected.push_back(options.prefix + std::string(name));
  }
  std::string report;
  if (!options.allow_missing) report += listed("missing", missing);
  if (!options.allow_unexpected) report += listed("unexpected", unexpected);
  report += listed("of another shape or type", unfit);
  check(report.empty(), "load {}: its tensors do not fit this network{}", file, report);
  for (const auto& [name, target] : targets) {
    const auto found = available.find(name);
    if (found == available.end()) continue;
    const Tensor& from = *found->second;
    target.copy_from(from.dtype() == target.dtype() ? from : from.to(target.dtype()));
  }
}

}  // namespace cf
