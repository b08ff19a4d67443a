// Moving elements without changing them.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf::ops {

// The same elements in the same order under another shape; one extent may be -1. Shares memory.
Tensor reshape(const Tensor& x, std::vector<std::int64_t> dims);
// Dimension i of the result is dimension order[i] of x.
Tensor permute(const Tensor& x, const std::vector<int>& order);
Tensor concat(const std::vector<Tensor>& parts, int axis = -1);
// Elements [begin, end) along `axis`.
Tensor slice(const Tensor& x, int axis, std::int64_t begin, std::int64_t end);
// Consecutive slices of the given sizes, which add up to the extent of `axis`.
std::vector<Tensor> split(const Tensor& x, int axis, const std::vector<std::int64_t>& sizes);

enum class PadMode : std::uint8_t { zero, reflect, replicate };
struct Padding {
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
};
// Pads H and W of (N, H, W, C). reflect mirrors without repeating the edge and needs padding < extent.
Tensor pad(const Tensor& x, Padding padding, PadMode mode = PadMode::zero);

// (N, H, W, C*r*r) -> (N, H*r, W*r, C); input channel c*r*r + i*r + j goes to row offset i, column offset j (PyTorch's order).
Tensor pixel_shuffle(const Tensor& x, std::int64_t r);
// The inverse; H and W divisible by r.
Tensor pixel_unshuffle(const Tensor& x, std::int64_t r);
// Rolls H and W of (N, H, W, ...) so that frequency 0 comes to (H/2, W/2); `inverse` undoes it for odd sizes too.
Tensor fftshift(const Tensor& x, bool inverse = false);

}  // namespace cf::ops
