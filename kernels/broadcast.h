// Index arithmetic of broadcasting, shared by the CPU backends.
#pragma once

#include <array>
#include <cstdint>

#include "framework/core/shape.h"

namespace cf {

// Strides, in elements, with which an operand of `shape` is read along the dimensions of `to`; 0 where it is repeated.
inline std::array<std::int64_t, Shape::kMaxRank> broadcast_strides(const Shape& shape, const Shape& to) {
  std::array<std::int64_t, Shape::kMaxRank> strides{};
  std::int64_t stride = 1;
  for (int i = 1; i <= shape.rank(); ++i) {
    strides[static_cast<std::size_t>(to.rank() - i)] = shape[-i] == 1 ? 0 : stride;
    stride *= shape[-i];
  }
  return strides;
}

// Calls fn(out, a, b) with element offsets, for every element of `shape` in order.
template <class F>
void for_each_broadcast(const Shape& shape, const std::array<std::int64_t, Shape::kMaxRank>& a_strides,
                        const std::array<std::int64_t, Shape::kMaxRank>& b_strides, F&& fn) {
  std::array<std::int64_t, Shape::kMaxRank> index{};
  const std::int64_t n = shape.numel();
  std::int64_t a = 0;
  std::int64_t b = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    fn(i, a, b);
    for (int d = shape.rank() - 1; d >= 0; --d) {
      const auto at = static_cast<std::size_t>(d);
      a += a_strides[at];
      b += b_strides[at];
      if (++index[at] < shape[d]) break;
      a -= a_strides[at] * shape[d];
      b -= b_strides[at] * shape[d];
      index[at] = 0;
    }
  }
}

}  // namespace cf
