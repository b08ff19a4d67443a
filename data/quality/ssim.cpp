#include <cmath>

#include "data/quality/mean.h"
#include "data/quality/reduced.h"

namespace cf::quality {
namespace {

struct Window {
  std::vector<double> taps;  // the window is their outer product
  double covariance = 1;     // what the second moments are multiplied by
};

Window make_window(SsimWindow kind) {
  if (kind == SsimWindow::uniform7) return {std::vector<double>(7, 1.0 / 7), 49.0 / 48};
  Window window;
  double sum = 0;
  for (int t = -5; t <= 5; ++t) {
    window.taps.push_back(std::exp(-t * t / (2 * 1.5 * 1.5)));
    sum += window.taps.back();
  }
  for (double& tap : window.taps) tap /= sum;
  return window;
}

// The weighted means of product(p) over all windows inside a band.
template <class Product>
std::vector<double> window_means(std::int64_t rows, std::int64_t cols, const std::vector<double>& taps, Product&& product) {
  const auto n = static_cast<std::int64_t>(taps.size());
  const std::int64_t h = rows - n + 1;
  const std::int64_t w = cols - n + 1;
  std::vector<double> narrow(static_cast<std::size_t>(rows * w), 0.0);
  std::vector<double> row(static_cast<std::size_t>(cols));
  for (std::int64_t y = 0; y < rows; ++y) {
    for (std::int64_t x = 0; x < cols; ++x) row[static_cast<std::size_t>(x)] = product(y * cols + x);
    for (std::int64_t k = 0; k < n; ++k) {
      for (std::int64_t x = 0; x < w; ++x) {
        narrow[static_cast<std::size_t>(y * w + x)] += taps[static_cast<std::size_t>(k)] * row[static_cast<std::size_t>(x + k)];
      }
    }
  }
  std::vector<double> means(static_cast<std::size_t>(h * w), 0.0);
  for (std::int64_t k = 0; k < n; ++k) {
    const double tap = taps[static_cast<std::size_t>(k)];
    for (std::int64_t p = 0; p < h * w; ++p)
      means[static_cast<std::size_t>(p)] += tap * narrow[static_cast<std::size_t>(p + k * w)];
  }
  return means;
}

}  // namespace

double ssim(const Planes& g, const Planes& f, double peak, SsimWindow kind, std::span<const std::uint8_t> centres) {
  check_same_size(g, f, "SSIM");
  const Window window = make_window(kind);
  const auto n = static_cast<std::int64_t>(window.taps.size());
  check(g.rows >= n && g.cols >= n, "SSIM: an image of {} x {} is smaller than the window of {} x {}", g.rows, g.cols, n, n);
  // The pixel in the middle of window i.
  const auto centre_of = [&](std::size_t i) {
    const auto across = static_cast<std::size_t>(g.cols - n + 1);
    const auto reach = static_cast<std::size_t>(n / 2);
    return (i / across + reach) * static_cast<std::size_t>(g.cols) + i % across + reach;
  };
  const double c1 = std::pow(0.01 * peak, 2);
  const double c2 = std::pow(0.03 * peak, 2);
  return mean_of(g.bands, [&](std::int64_t b) {
    const double* x = g.band(b);
    const double* y = f.band(b);
    const auto means = [&](auto product) { return window_means(g.rows, g.cols, window.taps, product); };
    const auto mx = means([&](std::int64_t p) { return x[p]; });
    const auto my = means([&](std::int64_t p) { return y[p]; });
    const auto xx = means([&](std::int64_t p) { return x[p] * x[p]; });
    const auto yy = means([&](std::int64_t p) { return y[p] * y[p]; });
    const auto xy = means([&](std::int64_t p) { return x[p] * y[p]; });
    double sum = 0;
    std::int64_t count = 0;
    for (std::size_t i = 0; i < mx.size(); ++i) {
      if (!centres.empty() && centres[centre_of(i)] == 0) continue;
      ++count;
      const double m2 = mx[i] * mx[i] + my[i] * my[i];
      const double variances = window.covariance * (xx[i] + yy[i] - m2);
      const double covariance = window.covariance * (xy[i] - mx[i] * my[i]);
      sum += (2 * mx[i] * my[i] + c1) * (2 * covariance + c2) / ((m2 + c1) * (variances + c2));
    }
    return sum / static_cast<double>(count);
  });
}

}  // namespace cf::quality
