#include "data/simulate.h"

#include <algorithm>
#include <cmath>

#include "data/image/interp.h"
#include "data/image/mtf.h"

namespace cf {
namespace {

void check_multiple(const Planes& image, std::int64_t ratio, const char* what) {
  check(ratio >= 2, "degrading {}: ratio is {}, expected 2 or more", what, ratio);
  check(image.rows > 0 && image.rows % ratio == 0 && image.cols > 0 && image.cols % ratio == 0,
        "degrading {}: {} x {} is no multiple of the ratio {}", what, image.rows, image.cols, ratio);
}

void round_to_dn(Planes& image) {
  for (double& v : image.data) v = std::max(0.0, std::round(v));
}

}  // namespace

Planes degrade_ms(const Planes& ms, std::span<const double> gains, std::int64_t ratio) {
  check_multiple(ms, ratio, "MS");
  return mtf_filter(ms, gains, ratio, lms_decimation(ratio));
}

Planes degrade_pan(const Planes& pan, std::int64_t ratio) {
  check_multiple(pan, ratio, "PAN");
  return imresize(pan, 1.0 / static_cast<double>(ratio));
}

ReducedSet simulate_wald(const Planes& ms, const Planes& pan, std::span<const double> gains, std::int64_t ratio, bool round_dn) {
  check(pan.rows == ms.rows * ratio && pan.cols == ms.cols * ratio, "Wald's protocol: PAN is {} x {}, MS {} x {}, the ratio {}",
        pan.rows, pan.cols, ms.rows, ms.cols, ratio);
  ReducedSet set{ms, degrade_ms(ms, gains, ratio), {}, degrade_pan(pan, ratio)};
  if (round_dn) {
    round_to_dn(set.ms);
    round_to_dn(set.pan);
  }
  set.lms = upsample_lms(set.ms, ratio);
  return set;
}

}  // namespace cf
