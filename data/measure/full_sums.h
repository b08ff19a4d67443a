// The metrics of evaluate_full() under the toolbox's conventions, of images that come tile by tile and may have gaps: blocks with
// a gap do not count.
#pragma once

#include <cstdint>
#include <vector>

#include "data/measure/tiles.h"
#include "data/quality/quality.h"

namespace cf::measure {

// A core, as cut_cores() makes it.
struct FullTile {
  Planes fused;
  Planes smooth;  // fused, filtered by the MTF of each band
  Planes lms;
  Planes pan;      // one band
  Planes low_pan;  // degraded and brought back as MS is
  Validity valid;
};

class FullSums {
 public:
  FullSums(std::int64_t bands, const QualityOptions& options);
  void add(const FullTile& tile);
  std::int64_t blocks() const { return blocks_; }  // whole ones without a gap
  // Throws Error where there is no such block.
  MetricList metrics() const;

 private:
  double levels_;                                // that values are multiplied by for Q2n
  std::vector<double> fused_pairs_, lms_pairs_;  // sums of the UIQI of bands i < j
  std::vector<double> fused_pan_, lms_pan_;      // of bands with PAN, and degraded PAN
  std::int64_t blocks_ = 0;
  double q2n_ = 0;
  std::int64_t q2n_blocks_ = 0;
};

}  // namespace cf::measure
