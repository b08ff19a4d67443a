#include "framework/core/shape.h"

#include <algorithm>

#include "framework/core/check.h"

namespace cf {

Shape::Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const std::int64_t> dims) {
  check(dims.size() <= kMaxRank, "shape: {} dimensions, at most {} are supported", dims.size(), kMaxRank);
  for (const std::int64_t d : dims) {
    check(d >= 0, "shape: negative extent {}", d);
    dims_[static_cast<std::size_t>(rank_++)] = d;
  }
}

std::int64_t Shape::numel() const {
  std::int64_t n = 1;
  for (const std::int64_t d : dims()) n *= d;
  return n;
}

void Shape::fail_axis(int i) const { fail("shape: dimension {} of {}", i, str()); }

bool Shape::operator==(const Shape& other) const { return rank_ == other.rank_ && std::equal(begin(), end(), other.begin()); }

std::string Shape::str() const {
  std::string s = "(";
  for (int i = 0; i < rank_; ++i) {
    if (i > 0) s += ", ";
    s += std::to_string(dims_[static_cast<std::size_t>(i)]);
  }
  return s + ")";
}

Shape broadcast_shapes(const Shape& a, const Shape& b, const char* op) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<std::int64_t, Shape::kMaxRank> out{};
  for (int i = 1; i <= rank; ++i) {
    const std::int64_t da = i <= a.rank() ? a[-i] : 1;
    const std::int64_t db = i <= b.rank() ? b[-i] : 1;
    check(da == db || da == 1 || db == 1, "{}: {} and {} do not broadcast", op, a.str(), b.str());
    out[static_cast<std::size_t>(rank - i)] = da == 1 ? db : da;
  }
  return Shape(std::span<const std::int64_t>(out.data(), static_cast<std::size_t>(rank)));
}

}  // namespace cf
