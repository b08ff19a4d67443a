#include "data/quality/full.h"

#include <cmath>

#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "data/quality/mean.h"
#include "data/quality/q2n.h"
#include "data/quality/reduced.h"
#include "data/quality/uiqi.h"

namespace cf::quality {

double d_lambda(const Planes& fused, const Planes& lms, std::int64_t block) {
  check_same_size(fused, lms, "D_lambda");
  if (fused.bands == 1) return 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (std::int64_t i = 0; i < fused.bands; ++i) {
    for (std::int64_t j = i + 1; j < fused.bands; ++j) pairs.emplace_back(i, j);
  }
  return mean_of(static_cast<std::int64_t>(pairs.size()), [&](std::int64_t p) {
    const auto [i, j] = pairs[static_cast<std::size_t>(p)];
    return std::abs(q_blocks(fused, i, fused, j, block) - q_blocks(lms, i, lms, j, block));
  });
}

double d_s(const Planes& fused, const Planes& lms, const Planes& pan, std::int64_t ratio, std::int64_t block) {
  check_same_size(fused, lms, "D_s");
  check(pan.rows == fused.rows && pan.cols == fused.cols && pan.bands == 1,
        "D_s: PAN is {} x {} x {}, expected {} x {} x 1 like the fused image", pan.rows, pan.cols, pan.bands, fused.rows,
        fused.cols);
  check(pan.rows % ratio == 0 && pan.cols % ratio == 0, "D_s: PAN of {} x {} is not a multiple of the ratio {}", pan.rows,
        pan.cols, ratio);
  const Planes low = upsample_lms(imresize(pan, 1.0 / static_cast<double>(ratio)), ratio);
  return mean_of(fused.bands,
                 [&](std::int64_t b) { return std::abs(q_blocks(fused, b, pan, 0, block) - q_blocks(lms, b, low, 0, block)); });
}

double d_lambda_k(const Planes& fused, const Planes& lms, std::span<const double> gains, std::int64_t ratio, std::int64_t block) {
  check_same_size(fused, lms, "D_lambda_K");
  return 1 - q2n(lms, mtf_filter(fused, gains, ratio), block);
}

}  // namespace cf::quality
