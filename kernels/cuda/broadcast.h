// Index arithmetic that kernels share: broadcasting, and the choice between 16-byte and single accesses.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "framework/core/shape.h"
#include "kernels/broadcast.h"
#include "kernels/cuda/launch.h"

namespace cf::cuda {

// Where element i of a result stands in two operands that were broadcast to its shape.
class BroadcastIndex {
 public:
  struct Offsets {
    std::int64_t a;
    std::int64_t b;
  };

  BroadcastIndex(const Shape& to, const Shape& a, const Shape& b) {
    const auto a_strides = broadcast_strides(a, to);
    const auto b_strides = broadcast_strides(b, to);
    for (int d = to.rank() - 1; d >= 0; --d) {
      const auto at = static_cast<std::size_t>(d);
      if (to[d] == 1) continue;
      // A dimension that goes on where the one inside it ends needs no division of its own.
      if (rank_ > 0 && a_strides[at] == a_[rank_ - 1] * extent_[rank_ - 1] &&
          b_strides[at] == b_[rank_ - 1] * extent_[rank_ - 1]) {
        extent_[rank_ - 1] *= to[d];
        continue;
      }
      extent_[rank_] = to[d];
      a_[rank_] = a_strides[at];
      b_[rank_] = b_strides[at];
      ++rank_;
    }
  }

  CF_HOST_DEVICE Offsets offsets(std::int64_t i) const {
    Offsets at{0, 0};
    for (int d = 0; d < rank_; ++d) {
      const std::int64_t outer = d + 1 < rank_ ? i / extent_[d] : 0;
      const std::int64_t k = i - outer * extent_[d];
      at.a += k * a_[d];
      at.b += k * b_[d];
      i = outer;
    }
    return at;
  }

 private:
  // Innermost first.
  std::int64_t extent_[Shape::kMaxRank]{};
  std::int64_t a_[Shape::kMaxRank]{};
  std::int64_t b_[Shape::kMaxRank]{};
  int rank_ = 0;
};

// Calls fn(width, pieces): width is an integral constant, the elements of T that one thread moves at a time, 16 bytes where
// every address and `n` allow it, else 1; pieces * width = n.
template <class T, class F>
void with_vector_width(std::initializer_list<const void*> addresses, std::int64_t n, F&& fn) {
  constexpr int kWide = simt::kVec<T>;
  bool wide = n % kWide == 0;
  for (const void* a : addresses) wide = wide && aligned16(a);
  if (wide) {
    fn(std::integral_constant<int, kWide>(), n / kWide);
  } else {
    fn(std::integral_constant<int, 1>(), n);
  }
}

}  // namespace cf::cuda
