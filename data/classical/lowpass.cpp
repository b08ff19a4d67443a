#include "data/classical/lowpass.h"

#include <algorithm>
#include <cmath>

#include "data/image/mtf.h"
#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf::classical {
namespace {

constexpr std::int64_t kSide = kMtfTaps / 2 + 1;  // of a whole quadrant
constexpr double kNegligible = 1e-7;

// Taps of a quadrant outside `radius`, counted as often as they stand in the filter, relative to all.
double left_out(const std::vector<double>& quadrant, std::int64_t radius, bool between) {
  double all = 0;
  double outside = 0;
  for (std::int64_t v = 0; v < kSide; ++v) {
    for (std::int64_t u = 0; u < kSide; ++u) {
      const double copies = (v == 0 && !between ? 1.0 : 2.0) * (u == 0 && !between ? 1.0 : 2.0);
      const double tap = copies * std::abs(quadrant[static_cast<std::size_t>(v * kSide + u)]);
      all += tap;
      if (v > radius || u > radius) outside += tap;
    }
  }
  return outside / all;
}

}  // namespace

// Buffers of one thread.
struct Lowpass::Work {
  // Sums of two rows, sorted by the phase of their columns, so that neighbouring results lie side by side: `sorted` holds
  // `step` runs of `length`.
  std::vector<float> sorted;
  std::int64_t length = 0;
  std::vector<float> pair;
  std::vector<float> sums;  // (filters, results)
};

Lowpass::Lowpass(const std::vector<double>& gains, std::int64_t ratio, double span, std::int64_t step, double phase)
    : step_(step), base_(static_cast<std::int64_t>(std::floor(phase))), between_(phase != std::floor(phase)) {
  const double shift = phase - std::floor(phase);
  check(shift == 0 || shift == 0.5, "low-pass filter: phase {}, expected a multiple of 1/2", phase);
  std::vector<std::vector<double>> whole;
  for (const double gain : gains) {
    whole.push_back(mtf_quadrant(gain, ratio, shift, span));
    while (radius_ + 1 < kSide && left_out(whole.back(), radius_, between_) > kNegligible) ++radius_;
  }
  for (const std::vector<double>& quadrant : whole) {
    std::vector<float> kept;
    for (std::int64_t v = 0; v <= radius_; ++v) {
      for (std::int64_t u = 0; u <= radius_; ++u)
        kept.push_back(static_cast<float>(quadrant[static_cast<std::size_t>(v * kSide + u)]));
    }
    quadrants_.push_back(std::move(kept));
  }
}

void Lowpass::sort_columns(const Band& band, const Window& cells, std::int64_t above, std::int64_t below, Work& work) const {
  const std::int64_t first = cells.col * step_ + before() - band.window.col;
  const float* a = band.data + (above - band.window.row) * band.window.cols + first;
  const float* b = band.data + (below - band.window.row) * band.window.cols + first;
  const std::int64_t used = (cells.cols - 1) * step_ + after() - before() + 1;
  const bool same = above == below;
  if (step_ == 1) {
    for (std::int64_t x = 0; x < used; ++x) work.sorted[static_cast<std::size_t>(x)] = same ? a[x] : a[x] + b[x];
    return;
  }
  for (std::int64_t p = 0; p < step_; ++p) {
    float* to = work.sorted.data() + p * work.length;
    const std::int64_t n = (used - p + step_ - 1) / step_;
    for (std::int64_t m = 0; m < n; ++m) to[m] = same ? a[m * step_ + p] : a[m * step_ + p] + b[m * step_ + p];
  }
}

void Lowpass::run_row(const Band& band, const Window& cells, std::int64_t row, Work& work, float* out) const {
  const std::int64_t n = cells.cols;
  const std::int64_t centre = row * step_ + base_;
  std::fill(work.sums.begin(), work.sums.end(), 0.0F);
  const auto column = [&](std::int64_t q) { return work.sorted.data() + q % step_ * work.length + q / step_; };
  for (std::int64_t v = 0; v <= radius_; ++v) {
    sort_columns(band, cells, centre - v, centre + v + (between_ ? 1 : 0), work);
    for (std::int64_t u = 0; u <= radius_; ++u) {
      const float* left = column(radius_ - u);
      const float* right = column(radius_ + u + (between_ ? 1 : 0));
      const float* source = left;
      if (left != right) {
        for (std::int64_t i = 0; i < n; ++i) work.pair[static_cast<std::size_t>(i)] = left[i] + right[i];
        source = work.pair.data();
      }
      for (std::int64_t f = 0; f < filters(); ++f) {
        const float tap = quadrants_[static_cast<std::size_t>(f)][static_cast<std::size_t>(v * (radius_ + 1) + u)];
        float* sum = work.sums.data() + f * n;
        for (std::int64_t i = 0; i < n; ++i) sum[i] += tap * source[i];
      }
    }
  }
  for (std::int64_t f = 0; f < filters(); ++f) {
    for (std::int64_t i = 0; i < n; ++i) out[i * filters() + f] = work.sums[static_cast<std::size_t>(f * n + i)];
  }
}

void Lowpass::run(const Band& band, const Window& cells, float* out) const {
  if (cells.rows <= 0 || cells.cols <= 0) return;
  const Window& w = band.window;
  const auto covers = [&](std::int64_t first, std::int64_t n, std::int64_t from, std::int64_t count) {
    return first * step_ + before() >= from && (first + n - 1) * step_ + after() < from + count;
  };
  check(covers(cells.row, cells.rows, w.row, w.rows) && covers(cells.col, cells.cols, w.col, w.cols),
        "low-pass filter: results {} + {} x {} + {} of pixels {} + {} x {} + {} reach beyond them", cells.row, cells.rows,
        cells.col, cells.cols, w.row, w.rows, w.col, w.cols);
  parallel_for(cells.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    Work work;
    work.length = cells.cols + (after() - before()) / step_ + 1;
    work.sorted.resize(static_cast<std::size_t>(work.length * step_));
    work.pair.resize(static_cast<std::size_t>(cells.cols));
    work.sums.resize(static_cast<std::size_t>(cells.cols * filters()));
    for (std::int64_t r = begin; r < end; ++r) run_row(band, cells, cells.row + r, work, out + r * cells.cols * filters());
  });
}

}  // namespace cf::classical
