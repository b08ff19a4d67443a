// The extents of a matrix product and the strides of its operands.
#pragma once

#include "kernels/matmul.h"

namespace cf {

struct MatmulGeometry {
  std::int64_t batch, m, n, k;
  bool transpose_a, transpose_b;

  // Element (i, l) of a and element (l, j) of b stand at i*row + l*column of their matrix.
  std::int64_t a_row() const { return transpose_a ? 1 : k; }
  std::int64_t a_column() const { return transpose_a ? m : 1; }
  std::int64_t b_row() const { return transpose_b ? 1 : n; }
  std::int64_t b_column() const { return transpose_b ? k : 1; }

  bool operator==(const MatmulGeometry&) const = default;
  auto operator<=>(const MatmulGeometry&) const = default;
};

inline MatmulGeometry matmul_geometry(MatmulParams p, const Shape& a, const Shape& y) {
  const std::int64_t m = y[-2];
  const std::int64_t n = y[-1];
  return {m * n == 0 ? 0 : y.numel() / (m * n), m, n, p.transpose_a ? a[-2] : a[-1], p.transpose_a, p.transpose_b};
}

}  // namespace cf
