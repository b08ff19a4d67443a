// PAN low-passed by MTF filters, at every pixel or decimated onto the grid of MS.
#pragma once

#include <cstdint>
#include <vector>

#include "data/raster/raster.h"

namespace cf::classical {

// One band, row by row, whose first pixel is pixel (row, col) of the scene.
struct Band {
  const float* data = nullptr;
  Window window;
};

class Lowpass {
 public:
  // Filters of these MTF gains at `ratio`, one result each; `span` as in mtf_quadrant(). Result (j, i) is centred on pixel
  // (j step + phase, i step + phase); `phase` is a multiple of 1/2. Taps that make less than 1e-7 of the sum are left out.
  Lowpass(const std::vector<double>& gains, std::int64_t ratio, double span, std::int64_t step, double phase);

  std::int64_t filters() const { return static_cast<std::int64_t>(quadrants_.size()); }
  // Pixels that a result depends on: from j step + before() .. to j step + after(), both included.
  std::int64_t before() const { return base_ - radius_; }
  std::int64_t after() const { return base_ + radius_ + (between_ ? 1 : 0); }

  // Results `cells` (rows, cols, filters). The band holds every pixel that they depend on.
  void run(const Band& band, const Window& cells, float* out) const;

 private:
  struct Work;
  void run_row(const Band& band, const Window& cells, std::int64_t row, Work& work, float* out) const;
  void sort_columns(const Band& band, const Window& cells, std::int64_t above, std::int64_t below, Work& work) const;

  std::vector<std::vector<float>> quadrants_;  // (radius + 1)^2 each
  std::int64_t radius_ = 0;
  std::int64_t step_ = 1;
  std::int64_t base_ = 0;
  bool between_ = false;  // results lie in the middle of four pixels
};

}  // namespace cf::classical
