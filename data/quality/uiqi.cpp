#include "data/quality/uiqi.h"

#include <algorithm>

#include "data/quality/mean.h"
#include "data/quality/reduced.h"

namespace cf::quality {
namespace {

// A region of a band: rows * cols pixels, `stride` apart from row to row.
struct Region {
  const double* data;
  std::int64_t rows, cols, stride;
};

struct Moments {
  double mx = 0, my = 0, vx = 0, vy = 0, cov = 0;  // variances and covariance with n - 1
};

Moments moments(const Region& x, const Region& y) {
  Moments m;
  const auto n = static_cast<double>(x.rows * x.cols);
  // Means relative to the first pixel are exact where a region is flat.
  const double x0 = x.data[0];
  const double y0 = y.data[0];
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) {
      m.mx += x.data[r * x.stride + c] - x0;
      m.my += y.data[r * y.stride + c] - y0;
    }
  }
  m.mx = x0 + m.mx / n;
  m.my = y0 + m.my / n;
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) {
      const double dx = x.data[r * x.stride + c] - m.mx;
      const double dy = y.data[r * y.stride + c] - m.my;
      m.vx += dx * dx;
      m.vy += dy * dy;
      m.cov += dx * dy;
    }
  }
  m.vx /= n - 1;
  m.vy /= n - 1;
  m.cov /= n - 1;
  return m;
}

double luminance(double mx, double my) {
  const double squares = mx * mx + my * my;
  return squares == 0 ? 1 : 2 * mx * my / squares;
}

double uiqi(const Moments& m) {
  const double variances = m.vx + m.vy;
  return luminance(m.mx, m.my) * (variances == 0 ? 1 : 2 * m.cov / variances);
}

// The sums of value(p) over every window of block x block.
template <class Value>
std::vector<double> window_sums(std::int64_t rows, std::int64_t cols, std::int64_t block, Value&& value) {
  const std::int64_t w = cols - block + 1;
  const std::int64_t h = rows - block + 1;
  std::vector<double> narrow(static_cast<std::size_t>(rows * w), 0.0);
  std::vector<double> row(static_cast<std::size_t>(cols));
  for (std::int64_t y = 0; y < rows; ++y) {
    for (std::int64_t x = 0; x < cols; ++x) row[static_cast<std::size_t>(x)] = value(y * cols + x);
    for (std::int64_t k = 0; k < block; ++k) {
      for (std::int64_t x = 0; x < w; ++x) narrow[static_cast<std::size_t>(y * w + x)] += row[static_cast<std::size_t>(x + k)];
    }
  }
  std::vector<double> sums(static_cast<std::size_t>(h * w), 0.0);
  for (std::int64_t k = 0; k < block; ++k) {
    for (std::int64_t p = 0; p < h * w; ++p) sums[static_cast<std::size_t>(p)] += narrow[static_cast<std::size_t>(p + k * w)];
  }
  return sums;
}

double q_sliding_band(const double* x, const double* y, std::int64_t rows, std::int64_t cols, std::int64_t block,
                      std::span<const std::uint8_t> windows) {
  const auto sums = [&](auto value) { return window_sums(rows, cols, block, value); };
  const auto sx = sums([&](std::int64_t p) { return x[p]; });
  const auto sy = sums([&](std::int64_t p) { return y[p]; });
  const auto squares = sums([&](std::int64_t p) { return x[p] * x[p] + y[p] * y[p]; });
  const auto products = sums([&](std::int64_t p) { return x[p] * y[p]; });
  const auto n = static_cast<double>(block * block);
  double total = 0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < sx.size(); ++i) {
    if (!windows.empty() && windows[i] == 0) continue;
    ++count;
    const double variances = n * squares[i] - sx[i] * sx[i] - sy[i] * sy[i];
    // A difference of a few roundings is none: one DN in one pixel is far above this.
    const bool flat = variances <= 1e-14 * n * squares[i];
    total += luminance(sx[i], sy[i]) * (flat ? 1 : 2 * (n * products[i] - sx[i] * sy[i]) / variances);
  }
  return total / static_cast<double>(count);
}

}  // namespace

double q_sliding(const Planes& g, const Planes& f, std::int64_t block, std::span<const std::uint8_t> windows) {
  check_same_size(g, f, "Q");
  check(g.rows >= block && g.cols >= block, "Q: an image of {} x {} is smaller than the window of {} x {}", g.rows, g.cols, block,
        block);
  return mean_of(g.bands, [&](std::int64_t b) { return q_sliding_band(g.band(b), f.band(b), g.rows, g.cols, block, windows); });
}

double q_blocks(const Planes& x, std::int64_t bx, const Planes& y, std::int64_t by, std::int64_t block) {
  check(x.rows == y.rows && x.cols == y.cols, "UIQI: images of {} x {} and {} x {}", x.rows, x.cols, y.rows, y.cols);
  const std::int64_t down = x.rows / block;
  const std::int64_t across = x.cols / block;
  check(down > 0 && across > 0, "UIQI: an image of {} x {} is smaller than a block of {} x {}", x.rows, x.cols, block, block);
  double sum = 0;
  for (std::int64_t i = 0; i < down * across; ++i) {
    const std::int64_t at = (i / across * x.cols + i % across) * block;
    sum += uiqi(moments({x.band(bx) + at, block, block, x.cols}, {y.band(by) + at, block, block, y.cols}));
  }
  return sum / static_cast<double>(down * across);
}

double q_global(const Planes& x, std::int64_t bx, const Planes& y, std::int64_t by) {
  check(x.rows == y.rows && x.cols == y.cols, "UIQI: images of {} x {} and {} x {}", x.rows, x.cols, y.rows, y.cols);
  constexpr double kEps = 1e-21;
  const Moments m = moments({x.band(bx), x.rows, x.cols, x.cols}, {y.band(by), y.rows, y.cols, y.cols});
  return 4 * m.cov * m.mx * m.my / (m.vx + m.vy + kEps) / (m.mx * m.mx + m.my * m.my + kEps);
}

}  // namespace cf::quality
