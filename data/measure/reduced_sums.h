// The metrics of evaluate_reduced() under the toolbox's conventions, of images that come tile by tile and may have gaps: metrics
// of pixels take those that count, metrics of windows and blocks those without a gap.
#pragma once

#include <cstdint>
#include <vector>

#include "data/classical/statistics.h"
#include "data/measure/tiles.h"
#include "data/quality/quality.h"

namespace cf::measure {

class ReducedSums {
 public:
  // Tiles hold this many pixels around their cores, where the image has them.
  static constexpr std::int64_t kHalo = kBlock - 1;

  ReducedSums(std::int64_t rows, std::int64_t cols, std::int64_t bands, const QualityOptions& options);

  // `tile`: the window of the image that g and f hold; `core`: the part that no other tile has as its core, as cut_cores() makes
  // it.
  void add(const Planes& g, const Planes& f, const Validity& valid, const Window& tile, const Window& core);

  std::int64_t pixels() const { return pixels_; }  // that counted
  // Throws Error where no pixel, window or block was without a gap.
  MetricList metrics() const;

 private:
  void add_pixels(const Planes& g, const Planes& f, const Validity& valid);
  void add_q2n(const Planes& g, const Planes& f, const Validity& valid);
  void add_windows(const Planes& g, const Planes& f, const Validity& valid, const Window& tile, const Window& core);
  void add_gradients(const Planes& g, const Planes& f, const Validity& valid, const Window& tile, const Window& core);

  struct Mean {
    double sum = 0;
    std::int64_t count = 0;
    double value() const { return sum / static_cast<double>(count); }
  };

  std::int64_t rows_;
  std::int64_t cols_;
  QualityOptions options_;
  std::int64_t pixels_ = 0;
  Mean angle_;
  std::vector<double> squares_;              // of g - f, per band
  std::vector<classical::Moments> moments_;  // of g and f, per band
  Mean q2n_, q_, ssim_;
  double gg_ = 0, ff_ = 0, gf_ = 0;  // of gradients
};

}  // namespace cf::measure
