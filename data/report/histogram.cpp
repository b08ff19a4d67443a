#include "data/report/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/check.h"

namespace cf {

BandHistograms::BandHistograms(std::int64_t bands, double low, double high, std::int64_t bins)
    : low_(low), high_(high), bins_(bins), counts_(static_cast<std::size_t>(bands)) {
  check(bands > 0 && bins > 0 && high > low, "histogram: {} bins over [{}, {}) of {} bands", bins, low, high, bands);
  for (auto& band : counts_) band.resize(static_cast<std::size_t>(bins));
}

void BandHistograms::add(const Tensor& image) {
  check(image.dim(-1) == bands(), "histogram: an image of {} bands, {} were announced", image.dim(-1), bands());
  const double per_unit = static_cast<double>(bins_) / (high_ - low_);
  dispatch_any(image.dtype(), [&](auto zero) {
    std::size_t band = 0;
    for (const auto sample : image.span<decltype(zero)>()) {
      const auto value = convert<double>(sample);
      if (std::isfinite(value)) {
        const double at = std::clamp((value - low_) * per_unit, 0.0, static_cast<double>(bins_ - 1));
        ++counts_[band][static_cast<std::size_t>(at)];
      }
      band = band + 1 == counts_.size() ? 0 : band + 1;
    }
  });
}

std::int64_t BandHistograms::total(std::int64_t band) const {
  return std::accumulate(counts(band).begin(), counts(band).end(), std::int64_t{0});
}

double BandHistograms::percentile(std::int64_t band, double percent) const {
  const double wanted = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(total(band));
  const double width = (high_ - low_) / static_cast<double>(bins_);
  double below = 0;
  for (std::int64_t bin = 0; bin < bins_; ++bin) {
    below += static_cast<double>(counts(band)[static_cast<std::size_t>(bin)]);
    if (below > 0 && below >= wanted) return low_ + width * (static_cast<double>(bin) + (percent > 50 ? 1 : 0));
  }
  return low_;
}

}  // namespace cf
