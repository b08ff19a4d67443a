// An image band by band: what filters and metrics walk over, where the runtime itself keeps pixels together (H, W, B).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

struct Planes {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t bands = 0;
  std::vector<double> data;  // (B, H, W)

  Planes() = default;
  Planes(std::int64_t h, std::int64_t w, std::int64_t b);  // zeros

  std::int64_t pixels() const { return rows * cols; }
  double* band(std::int64_t b) { return data.data() + b * pixels(); }
  const double* band(std::int64_t b) const { return data.data() + b * pixels(); }
  double& at(std::int64_t y, std::int64_t x, std::int64_t b) { return band(b)[y * cols + x]; }
  double at(std::int64_t y, std::int64_t x, std::int64_t b) const { return band(b)[y * cols + x]; }
  // Rows [y, y + h), columns [x, x + w). Throws Error outside the image.
  Planes crop(std::int64_t y, std::int64_t x, std::int64_t h, std::int64_t w) const;
  bool same_size(const Planes& other) const { return rows == other.rows && cols == other.cols && bands == other.bands; }
};

// Reads an image (H, W, B) or (H, W) of any numeric dtype. `what` names it in the Error for any other rank.
Planes to_planes(const Tensor& image, std::string_view what);
// (H, W, B), f64.
Tensor to_tensor(const Planes& planes);

}  // namespace cf
