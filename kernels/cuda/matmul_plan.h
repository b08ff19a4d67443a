// A product of our row-major matrices as cuBLASLt, whose matrices are column-major, is told of it. A row-major matrix is its own
// transpose read column by column, so y = a b is asked for as y' = b' a': the library's left factor is our b, and a row of its
// result is a column of ours. What it adds per row, such as a bias, is ours per column.
#pragma once

#include "kernels/math_mode.h"
#include "kernels/matmul_geometry.h"

namespace cf::cuda {

// Column-major: element (i, j) of matrix number k stands at k * batch_stride + j * leading + i.
struct GemmMatrix {
  std::int64_t rows, columns, leading, batch_stride;
};

// result (rows x columns) = op(left) op(right); op transposes where asked to.
struct GemmDescription {
  GemmMatrix left, right, result;  // our b, a, y as they are stored
  bool transpose_left, transpose_right;
  std::int64_t batch;
};

// What a plan depends on.
struct MatmulKey {
  MatmulGeometry g;
  DType dtype;
  bool bias;
  int alignment;  // bytes of which every operand's address is a multiple
  int device;
  MathMode mode;

  auto operator<=>(const MatmulKey&) const = default;
};

inline GemmMatrix stored_row_major(std::int64_t rows, std::int64_t columns) { return {columns, rows, columns, rows * columns}; }

inline GemmDescription describe_gemm(const MatmulGeometry& g) {
  return {g.transpose_b ? stored_row_major(g.n, g.k) : stored_row_major(g.k, g.n),
          g.transpose_a ? stored_row_major(g.k, g.m) : stored_row_major(g.m, g.k),
          stored_row_major(g.m, g.n),
          g.transpose_b,
          g.transpose_a,
          g.batch};
}

}  // namespace cf::cuda
