// Broadcasting patterns brought to their essence: neighbouring dimensions that both operands walk alike become one, so that
// "same shape", "per channel", "per pixel" and the rest are rows and columns.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "kernels/broadcast.h"

namespace cf::cpu {

// Collapsed dimensions of a result, outermost first, and the strides with which its operands are read (0: repeated).
struct Collapsed {
  using Dims = std::array<std::int64_t, Shape::kMaxRank>;
  int rank = 0;  // at least 1
  Dims extent{};
  Dims a{};
  Dims b{};

  // The innermost dimension: strides are 0 or 1.
  std::int64_t cols() const { return extent[last()]; }
  std::int64_t a_col() const { return a[last()]; }
  std::int64_t b_col() const { return b[last()]; }
  // The one around it; rank 2 or more.
  std::int64_t rows() const { return extent[last() - 1]; }
  std::int64_t a_row() const { return a[last() - 1]; }
  std::int64_t b_row() const { return b[last() - 1]; }
  // All the others together.
  std::int64_t outer() const {
    std::int64_t n = 1;
    for (std::size_t i = 0; i + 2 < static_cast<std::size_t>(rank); ++i) n *= extent[i];
    return n;
  }
  // Where the operands' rows of outer index `i` begin.
  std::pair<std::int64_t, std::int64_t> outer_offsets(std::int64_t i) const {
    std::pair<std::int64_t, std::int64_t> at{0, 0};
    for (int d = rank - 3; d >= 0; --d) {
      const auto k = static_cast<std::size_t>(d);
      at.first += i % extent[k] * a[k];
      at.second += i % extent[k] * b[k];
      i /= extent[k];
    }
    return at;
  }

 private:
  std::size_t last() const { return static_cast<std::size_t>(rank) - 1; }
};

inline Collapsed collapse(const Shape& result, const Shape& a, const Shape& b) {
  const auto a_strides = broadcast_strides(a, result);
  const auto b_strides = broadcast_strides(b, result);
  Collapsed c;
  for (int d = 0; d < result.rank(); ++d) {
    const auto i = static_cast<std::size_t>(d);
    const std::int64_t n = result[d];
    if (n == 1) continue;
    const auto k = static_cast<std::size_t>(c.rank);
    if (c.rank > 0 && c.a[k - 1] == a_strides[i] * n && c.b[k - 1] == b_strides[i] * n) {
      c.extent[k - 1] *= n;
      c.a[k - 1] = a_strides[i];
      c.b[k - 1] = b_strides[i];
      continue;
    }
    c.extent[k] = n;
    c.a[k] = a_strides[i];
    c.b[k] = b_strides[i];
    ++c.rank;
  }
  if (c.rank == 0) {
    c.rank = 1;
    c.extent[0] = result.numel();
  }
  return c;
}

}  // namespace cf::cpu
