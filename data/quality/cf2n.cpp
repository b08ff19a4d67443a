#include "data/quality/cf2n.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "data/image/interp.h"
#include "data/quality/mean.h"
#include "data/quality/reduced.h"
#include "data/quality/uiqi.h"

namespace cf::quality::cf2n {
namespace {

// The band to the right minus the band to the left (zero beyond the first and the last), smoothed along rows and columns.
std::vector<double> sobel_across_bands(const Planes& image, std::int64_t band) {
  const std::int64_t h = image.rows;
  const std::int64_t w = image.cols;
  // In a frame of zeros, so that the smoothing needs no special case at the borders.
  Planes difference(h + 2, w + 2, 1);
  for (std::int64_t y = 0; y < h; ++y) {
    double* to = difference.band(0) + (y + 1) * (w + 2) + 1;
    for (std::int64_t x = 0; x < w; ++x) {
      const double next = band + 1 < image.bands ? image.at(y, x, band + 1) : 0;
      const double previous = band > 0 ? image.at(y, x, band - 1) : 0;
      to[x] = next - previous;
    }
  }
  std::vector<double> out;
  out.reserve(static_cast<std::size_t>(h * w));
  for (std::int64_t y = 0; y < h; ++y) {
    for (std::int64_t x = 0; x < w; ++x) {
      double sum = 0;
      for (std::int64_t dy = 0; dy < 3; ++dy) {
        const double* row = difference.band(0) + (y + dy) * (w + 2) + x;
        sum += (dy == 1 ? 2 : 1) * (row[0] + 2 * row[1] + row[2]);
      }
      out.push_back(sum);
    }
  }
  return out;
}

std::int64_t reflect(std::int64_t i, std::int64_t n) {
  if (n == 1) return 0;
  const std::int64_t period = 2 * (n - 1);
  const std::int64_t folded = ((i % period) + period) % period;
  return folded < n ? folded : period - folded;
}

constexpr std::array kPyramid = {1.0 / 16, 4.0 / 16, 6.0 / 16, 4.0 / 16, 1.0 / 16};

}  // namespace

double sam(const Planes& g, const Planes& f) {
  const double nonzero_mean = quality::sam(g, f);
  std::int64_t nonzero = 0;
  for (std::int64_t p = 0; p < g.pixels(); ++p) {
    double gg = 0;
    double ff = 0;
    for (std::int64_t b = 0; b < g.bands; ++b) {
      gg += g.band(b)[p] * g.band(b)[p];
      ff += f.band(b)[p] * f.band(b)[p];
    }
    nonzero += gg * ff > 0 ? 1 : 0;
  }
  return nonzero == 0 ? 0 : nonzero_mean * static_cast<double>(nonzero) / static_cast<double>(g.pixels());
}

double ergas(const Planes& g, const Planes& f, std::int64_t ratio) { return quality::ergas(f, g, ratio); }

double scc(const Planes& g, const Planes& f) {
  check_same_size(g, f, "SCC");
  return mean_of(g.bands, [&](std::int64_t b) {
    const auto x = sobel_across_bands(g, b);
    const auto y = sobel_across_bands(f, b);
    return pearson(x.data(), y.data(), g.pixels());
  });
}

double uiqc(const Planes& g, const Planes& f) {
  check_same_size(g, f, "UIQC");
  return mean_of(g.bands, [&](std::int64_t b) { return q_global(g, b, f, b); });
}

double rmse(const Planes& g, const Planes& f) { return std::sqrt(static_cast<double>(g.bands)) * quality::rmse(g, f); }

double d_lambda(const Planes& fused, const Planes& lms) {
  check_same_size(fused, lms, "D_lambda");
  if (fused.bands == 1) return 0;
  const std::int64_t pairs = fused.bands * fused.bands;
  const double sum = static_cast<double>(pairs) * mean_of(pairs, [&](std::int64_t p) {
                       const std::int64_t i = p / fused.bands;
                       const std::int64_t j = p % fused.bands;
                       return i < j ? std::abs(q_global(fused, i, fused, j) - q_global(lms, i, lms, j)) : 0.0;
                     });
  return 2 * sum / static_cast<double>(fused.bands * (fused.bands - 1));
}

double d_s(const Planes& fused, const Planes& ms, const Planes& pan, std::int64_t ratio) {
  check(is_power_of_two(ratio), "D_s of the cf2n metrics: the ratio is {}, but PAN is reduced by halving", ratio);
  check(fused.bands == ms.bands && pan.bands == 1, "D_s: {} fused bands, {} MS bands, {} PAN bands; expected B, B and 1",
        fused.bands, ms.bands, pan.bands);
  Planes low = pan;
  for (std::int64_t done = 1; done < ratio; done *= 2) low = pyr_down(low);
  check(low.rows == ms.rows && low.cols == ms.cols, "D_s: PAN reduced {} times is {} x {}, MS {} x {}", ratio, low.rows, low.cols,
        ms.rows, ms.cols);
  return mean_of(fused.bands, [&](std::int64_t b) { return std::abs(q_global(fused, b, pan, 0) - q_global(ms, b, low, 0)); });
}

Planes pyr_down(const Planes& image) {
  Planes out((image.rows + 1) / 2, (image.cols + 1) / 2, image.bands);
  for (std::int64_t b = 0; b < image.bands; ++b) {
    for (std::int64_t y = 0; y < out.rows; ++y) {
      for (std::int64_t x = 0; x < out.cols; ++x) {
        double sum = 0;
        for (std::int64_t k = 0; k < 25; ++k) {
          const double weight = kPyramid[static_cast<std::size_t>(k / 5)] * kPyramid[static_cast<std::size_t>(k % 5)];
          sum += weight * image.at(reflect(2 * y + k / 5 - 2, image.rows), reflect(2 * x + k % 5 - 2, image.cols), b);
        }
        out.at(y, x, b) = sum;
      }
    }
  }
  return out;
}

}  // namespace cf::quality::cf2n
