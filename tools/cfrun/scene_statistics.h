// What a network pools over a scene: one vector per window of a grid fixed to the scene, interpolated to a map that changes
// smoothly from window to window, so that no part of the scene is fused by statistics of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/raster/raster.h"
#include "framework/tensor/tensor.h"

namespace cf {

class SceneStatistics {
 public:
  // `length` values for each window of `side` x `side` pixels from the scene's first pixel on; the last may reach beyond it.
  SceneStatistics(std::int64_t rows, std::int64_t cols, std::int64_t side, std::int64_t length);

  std::int64_t side() const { return side_; }
  std::int64_t bytes() const { return grid_rows_ * grid_cols_ * (8 + 4 * length_); }

  // What was pooled in the window at (row, col) of the grid. weight in (0, 1]: the share of the window's pixels that counted.
  // Windows of which nothing is told have weight 0.
  void set(std::int64_t row, std::int64_t col, double weight, std::span<const float> values);
  // All that was set, before finish(), for another object of the same scene, which adds it to what was set there.
  std::string packed() const;
  // Throws Error where it is of another scene.
  void add(const std::string& packed);
  // Each window with weight w below 1 takes 1 - w of its values from the windows around it, where they have weight, or else
  // from the nearest that have. Without any, all values become `fallback`.
  void finish(float fallback);

  // Values [first, first + count) at each pixel of a window of the scene: (1, rows, cols, count) on `device`; bilinear between
  // the windows' centres, constant beyond the outermost. A number depends on the pixel alone, not on the window.
  Tensor map(const Window& window, std::int64_t first, std::int64_t count, Device device) const;

 private:
  std::size_t index(std::int64_t row, std::int64_t col) const { return static_cast<std::size_t>(row * grid_cols_ + col); }
  using Filled = std::vector<std::pair<std::size_t, std::vector<double>>>;  // windows and their new values

  template <class F>
  void for_each_window(F&& fn) const {
    for (std::int64_t row = 0; row < grid_rows_; ++row) {
      for (std::int64_t col = 0; col < grid_cols_; ++col) fn(row, col);
    }
  }
  // The mean of the values in the eight windows around one, by weight; empty where none has any.
  std::vector<double> around(std::int64_t row, std::int64_t col) const;
  void write(const Filled& filled);

  std::int64_t side_;
  std::int64_t grid_rows_;
  std::int64_t grid_cols_;
  std::int64_t length_;
  std::vector<double> weights_;  // by window
  std::vector<float> values_;    // by window
};

}  // namespace cf
