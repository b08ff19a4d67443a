#include "data/quality/clouds.h"

#include <algorithm>
#include <numeric>

namespace cf::quality {
namespace {

constexpr std::int64_t kBands = 13;
constexpr std::int64_t kReach = 3;  // of the window of 7 x 7
constexpr double kLeastScore = 0.2;

// Bands by their place in the image.
enum Band : std::int64_t { kAerosol = 0, kBlue = 1, kGreen = 2, kRed = 3, kCirrus = 10, kShortwave = 11 };

// 0 at `low`, 1 at `high`, which may lie below.
double share(double value, double low, double high) { return (value - low) / (high - low); }

double score_of(const Planes& image, std::int64_t p) {
  const auto reflectance = [&](Band band) { return image.band(band)[p] / 10000; };
  const double green = reflectance(kGreen);
  const double blue = reflectance(kBlue);
  const double sum = green + reflectance(kShortwave);
  const double snow = sum == 0 ? 0 : (green - reflectance(kShortwave)) / sum;
  return std::min({1.0, share(blue, 0.1, 0.5), share(reflectance(kAerosol), 0.1, 0.3),
                   share(reflectance(kAerosol) + reflectance(kCirrus), 0.4, 0.9),
                   share(reflectance(kRed) + green + blue, 0.2, 0.8), share(snow, 0.8, 0.6)});
}

// Sums over windows along rows (or columns), cut off at the edges.
std::vector<double> window_sums(const std::vector<double>& x, std::int64_t rows, std::int64_t cols, bool down) {
  std::vector<double> sums(x.size(), 0.0);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      const std::int64_t at = down ? r : c;
      const std::int64_t last = std::min(at + kReach, (down ? rows : cols) - 1);
      double& sum = sums[static_cast<std::size_t>(r * cols + c)];
      for (std::int64_t i = std::max<std::int64_t>(0, at - kReach); i <= last; ++i) {
        sum += x[static_cast<std::size_t>(down ? i * cols + c : r * cols + i)];
      }
    }
  }
  return sums;
}

}  // namespace

std::vector<std::uint8_t> cloud_mask(const Planes& image) {
  check(image.bands == kBands, "clouds: found in Sentinel-2's {} bands, and the image has {}; use other metrics (test.metrics)",
        kBands, image.bands);
  std::vector<double> scores;
  for (std::int64_t p = 0; p < image.pixels(); ++p) scores.push_back(std::max(0.0, score_of(image, p)));
  const auto sums = [&](std::vector<double> x) {
    x = window_sums(x, image.rows, image.cols, false);
    return window_sums(x, image.rows, image.cols, true);
  };
  const std::vector<double> total = sums(std::move(scores));
  const std::vector<double> count = sums(std::vector<double>(total.size(), 1.0));
  std::vector<std::uint8_t> mask(total.size());
  for (std::size_t p = 0; p < mask.size(); ++p) mask[p] = total[p] >= kLeastScore * count[p] ? 1 : 0;
  return mask;
}

Planes marked_pixels(const Planes& image, const std::vector<std::uint8_t>& mask) {
  check(static_cast<std::int64_t>(mask.size()) == image.pixels(), "a mask of {} pixels for an image of {} x {}", mask.size(),
        image.rows, image.cols);
  const std::int64_t count = std::accumulate(mask.begin(), mask.end(), std::int64_t{0});
  Planes out(1, count, image.bands);
  for (std::int64_t b = 0; b < image.bands; ++b) {
    double* to = out.band(b);
    for (std::size_t p = 0; p < mask.size(); ++p) {
      if (mask[p] != 0) *to++ = image.band(b)[p];
    }
  }
  return out;
}

}  // namespace cf::quality
