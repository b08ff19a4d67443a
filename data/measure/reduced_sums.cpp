#include "data/measure/reduced_sums.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "data/quality/q2n.h"
#include "data/quality/reduced.h"
#include "data/quality/uiqi.h"
#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf::measure {
namespace {

constexpr std::int64_t kSsimWindow = 11;

Validity crop(const Validity& valid, std::int64_t cols, const Window& part) {
  if (valid.empty()) return {};
  Validity out;
  for (std::int64_t y = part.row; y < part.row + part.rows; ++y) {
    const auto from = valid.begin() + y * cols + part.col;
    out.insert(out.end(), from, from + part.cols);
  }
  return out;
}

// Q2n rounds to whole numbers; images that hold shares of a scale are brought to 65535 levels, as evaluate_reduced() does.
Planes in_levels(Planes image, double peak) {
  if (peak <= 1) {
    for (double& v : image.data) v *= 65535 / peak;
  }
  return image;
}

}  // namespace

ReducedSums::ReducedSums(std::int64_t rows, std::int64_t cols, std::int64_t bands, const QualityOptions& options)
    : rows_(rows),
      cols_(cols),
      options_(options),
      squares_(static_cast<std::size_t>(bands), 0.0),
      moments_(static_cast<std::size_t>(bands), classical::Moments(2, classical::all_pairs(2))) {
  check(rows >= kBlock && cols >= kBlock, "metrics: an image of {} x {} is smaller than the window of {} x {}", rows, cols,
        kBlock, kBlock);
}

void ReducedSums::add(const Planes& g, const Planes& f, const Validity& valid, const Window& tile, const Window& core) {
  const Window inner{core.row - tile.row, core.col - tile.col, core.rows, core.cols};
  const Planes core_g = g.crop(inner.row, inner.col, inner.rows, inner.cols);
  const Planes core_f = f.crop(inner.row, inner.col, inner.rows, inner.cols);
  const Validity core_valid = crop(valid, tile.cols, inner);
  add_pixels(core_g, core_f, core_valid);
  add_q2n(in_levels(core_g, options_.peak), in_levels(core_f, options_.peak), core_valid);
  add_windows(g, f, valid, tile, core);
  add_gradients(g, f, valid, tile, core);
}

void ReducedSums::add_pixels(const Planes& g, const Planes& f, const Validity& valid) {
  std::vector<std::int64_t> used;
  for (std::int64_t p = 0; p < g.pixels(); ++p) {
    if (valid.empty() || valid[static_cast<std::size_t>(p)] != 0) used.push_back(p);
  }
  const auto n = static_cast<std::int64_t>(used.size());
  pixels_ += n;
  parallel_for(g.bands, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> both(static_cast<std::size_t>(2 * n));
    for (std::int64_t b = begin; b < end; ++b) {
      double squares = 0;
      for (std::size_t i = 0; i < used.size(); ++i) {
        both[i] = g.band(b)[used[i]];
        both[used.size() + i] = f.band(b)[used[i]];
        squares += std::pow(both[i] - both[used.size() + i], 2);
      }
      squares_[static_cast<std::size_t>(b)] += squares;
      moments_[static_cast<std::size_t>(b)].add(both, n);
    }
  });
  for (const std::int64_t p : used) {
    double gf = 0;
    double gg = 0;
    double ff = 0;
    for (std::int64_t b = 0; b < g.bands; ++b) {
      gf += g.band(b)[p] * f.band(b)[p];
      gg += g.band(b)[p] * g.band(b)[p];
      ff += f.band(b)[p] * f.band(b)[p];
    }
    const double norm = std::sqrt(gg * ff);
    if (norm <= 0) continue;
    angle_.sum += std::acos(std::clamp(gf / norm, -1.0, 1.0));
    ++angle_.count;
  }
}

void ReducedSums::add_q2n(const Planes& g, const Planes& f, const Validity& valid) {
  const std::int64_t across = (g.cols + kBlock - 1) / kBlock;
  const std::int64_t blocks = (g.rows + kBlock - 1) / kBlock * across;
  std::vector<double> values(static_cast<std::size_t>(blocks), 0.0);
  std::vector<std::uint8_t> used(static_cast<std::size_t>(blocks), 0);
  parallel_for(blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t y = i / across * kBlock;
      const std::int64_t x = i % across * kBlock;
      if (!counts(valid, g.rows, g.cols, y, x, kBlock)) continue;
      used[static_cast<std::size_t>(i)] = 1;
      values[static_cast<std::size_t>(i)] =
          quality::q2n(mirrored_block(g, y, x, kBlock), mirrored_block(f, y, x, kBlock), kBlock);
    }
  });
  q2n_.sum += std::accumulate(values.begin(), values.end(), 0.0);
  q2n_.count += std::count(used.begin(), used.end(), 1);
}

// Windows whose first pixel lies in the core.
void ReducedSums::add_windows(const Planes& g, const Planes& f, const Validity& valid, const Window& tile, const Window& core) {
  const auto part_for = [&](std::int64_t n) {
    return Window{core.row - tile.row, core.col - tile.col, std::min(core.rows + n - 1, rows_ - core.row),
                  std::min(core.cols + n - 1, cols_ - core.col)};
  };
  const auto measure = [&](std::int64_t n, Mean& mean, auto&& value) {
    const Window part = part_for(n);
    if (part.rows < n || part.cols < n) return;
    const Validity part_valid = crop(valid, tile.cols, part);
    const Validity whole = whole_windows(part_valid, part.rows, part.cols, n);
    const std::int64_t count =
        whole.empty() ? (part.rows - n + 1) * (part.cols - n + 1) : std::count(whole.begin(), whole.end(), std::uint8_t{1});
    if (count == 0) return;
    mean.sum += static_cast<double>(count) * value(g.crop(part.row, part.col, part.rows, part.cols),
                                                   f.crop(part.row, part.col, part.rows, part.cols), whole, part);
    mean.count += count;
  };
  measure(kBlock, q_, [](const Planes& a, const Planes& b, const Validity& whole, const Window&) {
    return quality::q_sliding(a, b, kBlock, whole);
  });
  measure(kSsimWindow, ssim_, [&](const Planes& a, const Planes& b, const Validity& whole, const Window& part) {
    Validity centres;  // ssim() is told of windows by their middle
    if (!whole.empty()) {
      centres.assign(static_cast<std::size_t>(part.pixels()), 0);
      const std::int64_t across = part.cols - kSsimWindow + 1;
      for (std::int64_t i = 0; i < std::ssize(whole); ++i) {
        const std::int64_t y = i / across + kSsimWindow / 2;
        const std::int64_t x = i % across + kSsimWindow / 2;
        centres[static_cast<std::size_t>(y * part.cols + x)] = whole[static_cast<std::size_t>(i)];
      }
    }
    return quality::ssim(a, b, options_.peak, quality::SsimWindow::gauss11, centres);
  });
}

// As quality::scc(): the image's outermost pixels are cut off, and what lies beyond the rest is zero.
void ReducedSums::add_gradients(const Planes& g, const Planes& f, const Validity& valid, const Window& tile, const Window& core) {
  const auto inside = [&](std::int64_t y, std::int64_t x) { return y > 0 && x > 0 && y < rows_ - 1 && x < cols_ - 1; };
  const auto magnitude = [&](const Planes& image, std::int64_t b, std::int64_t y, std::int64_t x) {
    std::array<double, 9> v{};
    for (std::int64_t k = 0; k < 9; ++k) {
      const std::int64_t r = y + k / 3 - 1;
      const std::int64_t c = x + k % 3 - 1;
      v[static_cast<std::size_t>(k)] = inside(r, c) ? image.at(r - tile.row, c - tile.col, b) : 0;
    }
    const double gy = v[0] + 2 * v[1] + v[2] - v[6] - 2 * v[7] - v[8];
    const double gx = v[0] + 2 * v[3] + v[6] - v[2] - 2 * v[5] - v[8];
    return std::sqrt(gx * gx + gy * gy);
  };
  const auto usable = [&](std::int64_t y, std::int64_t x) {
    if (!inside(y, x)) return false;
    if (valid.empty()) return true;
    for (std::int64_t k = 0; k < 9; ++k) {
      const std::int64_t r = y + k / 3 - 1;
      const std::int64_t c = x + k % 3 - 1;
      if (valid[static_cast<std::size_t>((r - tile.row) * tile.cols + c - tile.col)] == 0) return false;
    }
    return true;
  };
  std::vector<std::array<double, 3>> of_row(static_cast<std::size_t>(core.rows));
  parallel_for(core.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = core.row + begin; y < core.row + end; ++y) {
      auto& sums = of_row[static_cast<std::size_t>(y - core.row)];
      for (std::int64_t x = core.col; x < core.col + core.cols; ++x) {
        if (!usable(y, x)) continue;
        for (std::int64_t b = 0; b < g.bands; ++b) {
          const double mg = magnitude(g, b, y, x);
          const double mf = magnitude(f, b, y, x);
          sums[0] += mg * mg;
          sums[1] += mf * mf;
          sums[2] += mg * mf;
        }
      }
    }
  });
  for (const auto& sums : of_row) {
    gg_ += sums[0];
    ff_ += sums[1];
    gf_ += sums[2];
  }
}

MetricList ReducedSums::metrics() const {
  check(pixels_ > 0, "metrics: no pixel has data in both images");
  check(q2n_.count > 0 && q_.count > 0 && ssim_.count > 0, "metrics: no block of {} x {} pixels has data throughout", kBlock,
        kBlock);
  const auto n = static_cast<double>(pixels_);
  const auto bands = static_cast<double>(squares_.size());
  double ergas = 0;
  double psnr = 0;
  double correlation = 0;
  double squares = 0;
  for (std::size_t b = 0; b < squares_.size(); ++b) {
    const double mse = squares_[b] / n;
    const classical::Moments& m = moments_[b];
    ergas += mse / (m.mean(0) * m.mean(0)) / bands;
    psnr += 10 * std::log10(options_.peak * options_.peak / mse) / bands;
    correlation += m.covariance(0, 1) / std::sqrt(m.covariance(0, 0) * m.covariance(1, 1)) / bands;
    squares += mse / bands;
  }
  const double rmse = std::sqrt(squares);
  return {{"SAM", angle_.value() * 180 / std::numbers::pi},
          {"ERGAS", 100 / static_cast<double>(options_.ratio) * std::sqrt(ergas)},
          {"Q2n", q2n_.value()},
          {"Q", q_.value()},
          {"SCC", gf_ / std::sqrt(gg_ * ff_)},
          {"PSNR_band", psnr},
          {"PSNR_pool", 20 * std::log10(options_.peak / rmse)},
          {"SSIM", ssim_.value()},
          {"CC", correlation},
          {"RMSE", rmse}};
}

}  // namespace cf::measure
