#include "data/measure/full_sums.h"

#include <cmath>

#include "data/quality/q2n.h"
#include "data/quality/uiqi.h"
#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf::measure {
namespace {

Planes in_levels(Planes image, double levels) {
  if (levels != 1) {
    for (double& v : image.data) v *= levels;
  }
  return image;
}

struct BlockValues {
  bool whole = false;  // a whole block without a gap
  bool used = false;   // without a gap
  std::vector<double> fused_pairs, lms_pairs, fused_pan, lms_pan;
  double q2n = 0;
};

BlockValues measure_block(const FullTile& tile, double levels, std::int64_t y, std::int64_t x) {
  BlockValues out;
  out.used = counts(tile.valid, tile.fused.rows, tile.fused.cols, y, x, kBlock);
  if (!out.used) return out;
  out.q2n = quality::q2n(in_levels(mirrored_block(tile.lms, y, x, kBlock), levels),
                         in_levels(mirrored_block(tile.smooth, y, x, kBlock), levels), kBlock);
  out.whole = y + kBlock <= tile.fused.rows && x + kBlock <= tile.fused.cols;
  if (!out.whole) return out;
  const auto block = [&](const Planes& image) { return image.crop(y, x, kBlock, kBlock); };
  const Planes fused = block(tile.fused);
  const Planes lms = block(tile.lms);
  const Planes pan = block(tile.pan);
  const Planes low = block(tile.low_pan);
  for (std::int64_t i = 0; i < fused.bands; ++i) {
    out.fused_pan.push_back(quality::q_blocks(fused, i, pan, 0, kBlock));
    out.lms_pan.push_back(quality::q_blocks(lms, i, low, 0, kBlock));
    for (std::int64_t j = i + 1; j < fused.bands; ++j) {
      out.fused_pairs.push_back(quality::q_blocks(fused, i, fused, j, kBlock));
      out.lms_pairs.push_back(quality::q_blocks(lms, i, lms, j, kBlock));
    }
  }
  return out;
}

void add_to(std::vector<double>& sums, const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) sums[i] += values[i];
}

// The mean over entries of |a - b| / n.
double mean_difference(const std::vector<double>& a, const std::vector<double>& b, double n) {
  if (a.empty()) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]) / n;
  return sum / static_cast<double>(a.size());
}

}  // namespace

FullSums::FullSums(std::int64_t bands, const QualityOptions& options) : levels_(options.peak > 1 ? 1 : 65535 / options.peak) {
  const auto pairs = static_cast<std::size_t>(bands * (bands - 1) / 2);
  fused_pairs_.resize(pairs);
  lms_pairs_.resize(pairs);
  fused_pan_.resize(static_cast<std::size_t>(bands));
  lms_pan_.resize(static_cast<std::size_t>(bands));
}

void FullSums::add(const FullTile& tile) {
  const std::int64_t across = (tile.fused.cols + kBlock - 1) / kBlock;
  const std::int64_t blocks = (tile.fused.rows + kBlock - 1) / kBlock * across;
  std::vector<BlockValues> values(static_cast<std::size_t>(blocks));
  parallel_for(blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      values[static_cast<std::size_t>(i)] = measure_block(tile, levels_, i / across * kBlock, i % across * kBlock);
    }
  });
  for (const BlockValues& block : values) {
    if (!block.used) continue;
    q2n_ += block.q2n;
    ++q2n_blocks_;
    if (!block.whole) continue;
    ++blocks_;
    add_to(fused_pairs_, block.fused_pairs);
    add_to(lms_pairs_, block.lms_pairs);
    add_to(fused_pan_, block.fused_pan);
    add_to(lms_pan_, block.lms_pan);
  }
}

MetricList FullSums::metrics() const {
  check(blocks_ > 0, "metrics: no block of {} x {} pixels has data throughout", kBlock, kBlock);
  const auto n = static_cast<double>(blocks_);
  const double dl = mean_difference(fused_pairs_, lms_pairs_, n);
  const double ds = mean_difference(fused_pan_, lms_pan_, n);
  const double dk = 1 - q2n_ / static_cast<double>(q2n_blocks_);
  return {{"D_lambda", dl}, {"D_s", ds}, {"QNR", (1 - dl) * (1 - ds)}, {"D_lambda_K", dk}, {"HQNR", (1 - dk) * (1 - ds)}};
}

}  // namespace cf::measure
