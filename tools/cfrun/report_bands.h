// How far a fused image is from the truth, band by band, over all images of a set.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

class BandErrors {
 public:
  explicit BandErrors(std::int64_t bands) : sums_(static_cast<std::size_t>(bands)) {}

  // (H, W, B) each, f64, in DN. Pixels that are not finite in both do not count.
  void add(const Tensor& fused, const Tensor& truth);

  double mean(std::int64_t band) const;  // of the truth
  double bias(std::int64_t band) const;  // mean of fused - truth
  double rmse(std::int64_t band) const;
  double correlation(std::int64_t band) const;

 private:
  struct Sums {
    double n = 0, f = 0, t = 0, ff = 0, tt = 0, ft = 0, dd = 0;
  };
  const Sums& of(std::int64_t band) const { return sums_[static_cast<std::size_t>(band)]; }

  std::vector<Sums> sums_;
};

}  // namespace cf
