// MATLAB's bicubic imresize (data/image/interp.h) onto any other grid: any ratio, any offset.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image/planes.h"
#include "data/scene/grid.h"

namespace cf::simulate {

// One axis: output i is centred on sample to_sample(i). `scale` is that of imresize: below 1 the kernel is widened against
// aliasing. Samples beyond 0 .. length - 1 are mirrored; weights sum to 1.
class ResampledAxis {
 public:
  ResampledAxis(const AxisMap& to_sample, std::int64_t begin, std::int64_t count, double scale, std::int64_t length);

  std::int64_t size() const { return static_cast<std::int64_t>(begins_.size()) - 1; }
  std::int64_t lowest() const { return lowest_; }
  std::int64_t highest() const { return highest_; }
  // fn(sample, weight) for what output i is made of.
  template <class F>
  void for_each(std::int64_t i, F&& fn) const {
    for (std::size_t k = begins_[static_cast<std::size_t>(i)]; k < begins_[static_cast<std::size_t>(i) + 1]; ++k) {
      fn(samples_[k], weights_[k]);
    }
  }

 private:
  std::vector<std::size_t> begins_{0};
  std::vector<std::int64_t> samples_;
  std::vector<double> weights_;
  std::int64_t lowest_;
  std::int64_t highest_;
};

// Both axes of an image whose first pixel is sample (row, col).
Planes resample(const Planes& image, std::int64_t row, std::int64_t col, const ResampledAxis& rows, const ResampledAxis& cols);

}  // namespace cf::simulate
