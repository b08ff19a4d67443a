// Moving elements: the contract every backend fills in.
#pragma once

#include <array>
#include <span>

#include "framework/core/view.h"

namespace cf {

// A block of elements and where it lies in two tensors. permute, concat, slice and pixel shuffle are such copies.
struct StridedCopy {
  using Strides = std::array<std::int64_t, Shape::kMaxRank>;  // in elements
  Shape shape;
  Strides from{};
  Strides to{};
  std::int64_t from_offset = 0;
  std::int64_t to_offset = 0;
};

struct LayoutKernels {
  // Copies the block from x to y; the rest of y stays. Any dtype, equal for x and y; separate memory.
  void (*copy)(const StridedCopy& block, ConstView x, View y);
  // y[n,i,j,:] = x[n, rows[i], cols[j], :], zero where an index is negative. x (N, H, W, C), y (N, |rows|, |cols|, C), any
  // dtype. Padding and shifting are such gathers.
  void (*gather_hw)(ConstView x, std::span<const std::int64_t> rows, std::span<const std::int64_t> cols, View y);
  // The adjoint: dx (N, H, W, C) = the sum of the dy that were read from there. f32 and f64.
  void (*gather_hw_grad)(ConstView dy, std::span<const std::int64_t> rows, std::span<const std::int64_t> cols, View dx);
};

namespace reference {
void fill(LayoutKernels& k);
}
namespace cpu {
void fill(LayoutKernels& k);
}
namespace cuda {
void fill(LayoutKernels& k);
}

}  // namespace cf
