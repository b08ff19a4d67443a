// Histograms of the bands of images that come piece by piece.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

class BandHistograms {
 public:
  // Equal bins over [low, high); what lies outside falls into the first or the last one.
  BandHistograms(std::int64_t bands, double low, double high, std::int64_t bins = 1024);

  // Adds the pixels of (H, W, B) or (1, H, W, B), f32 or f64; values that are not finite (no data) do not count. Throws Error
  // on another number of bands.
  void add(const Tensor& image);

  std::int64_t bands() const { return static_cast<std::int64_t>(counts_.size()); }
  std::int64_t bins() const { return bins_; }
  double low() const { return low_; }
  double high() const { return high_; }
  const std::vector<std::int64_t>& counts(std::int64_t band) const { return counts_[static_cast<std::size_t>(band)]; }
  std::int64_t total(std::int64_t band) const;
  // The value below which `percent` of a band's pixels lie, to the width of a bin; low() where there are none.
  double percentile(std::int64_t band, double percent) const;

 private:
  double low_;
  double high_;
  std::int64_t bins_;
  std::vector<std::vector<std::int64_t>> counts_;  // band by band
};

}  // namespace cf
