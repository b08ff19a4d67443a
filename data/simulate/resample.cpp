#include "data/simulate/resample.h"

#include <algorithm>
#include <cmath>

#include "data/image/interp.h"
#include "framework/core/parallel.h"

namespace cf::simulate {

ResampledAxis::ResampledAxis(const AxisMap& to_sample, std::int64_t begin, std::int64_t count, double scale, std::int64_t length)
    : lowest_(length), highest_(-1) {
  const double shrink = std::min(scale, 1.0);
  for (std::int64_t i = begin; i < begin + count; ++i) {
    const double centre = to_sample(static_cast<double>(i));
    const auto first = static_cast<std::int64_t>(std::ceil(centre - 2 / shrink));
    const auto last = static_cast<std::int64_t>(std::floor(centre + 2 / shrink));
    double sum = 0;
    for (std::int64_t s = first; s <= last; ++s) {
      weights_.push_back(cubic_kernel(shrink * (centre - static_cast<double>(s))));
      samples_.push_back(mirrored(s, length));
      sum += weights_.back();
      lowest_ = std::min(lowest_, samples_.back());
      highest_ = std::max(highest_, samples_.back());
    }
    for (std::size_t k = begins_.back(); k < weights_.size(); ++k) weights_[k] /= sum;
    begins_.push_back(weights_.size());
  }
}

Planes resample(const Planes& image, std::int64_t row, std::int64_t col, const ResampledAxis& rows, const ResampledAxis& cols) {
  Planes low(rows.size(), image.cols, image.bands);
  parallel_for(image.bands * rows.size(), 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      double* to = low.data.data() + r * image.cols;
      const double* band = image.band(r / rows.size());
      rows.for_each(r % rows.size(), [&](std::int64_t sample, double weight) {
        const double* from = band + (sample - row) * image.cols;
        for (std::int64_t x = 0; x < image.cols; ++x) to[x] += weight * from[x];
      });
    }
  });
  Planes out(rows.size(), cols.size(), image.bands);
  parallel_for(image.bands * rows.size(), 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const double* from = low.data.data() + r * image.cols;
      double* to = out.data.data() + r * cols.size();
      for (std::int64_t x = 0; x < cols.size(); ++x) {
        cols.for_each(x, [&](std::int64_t sample, double weight) { to[x] += weight * from[sample - col]; });
      }
    }
  });
  return out;
}

}  // namespace cf::simulate
