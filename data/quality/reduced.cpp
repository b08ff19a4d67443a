#include "data/quality/reduced.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/quality/mean.h"

namespace cf::quality {
namespace {

// Sobel gradient magnitude of one band without its outermost pixels, zeros beyond.
std::vector<double> sobel_magnitude(const Planes& image, std::int64_t band) {
  const std::int64_t h = image.rows - 2;
  const std::int64_t w = image.cols - 2;
  // The cropped band in a frame of zeros: the size of the image itself.
  Planes framed(image.rows, image.cols, 1);
  for (std::int64_t y = 1; y <= h; ++y) {
    std::copy_n(image.band(band) + y * image.cols + 1, w, framed.band(0) + y * image.cols + 1);
  }
  std::vector<double> magnitude;
  magnitude.reserve(static_cast<std::size_t>(h * w));
  for (std::int64_t y = 1; y <= h; ++y) {
    const double* up = framed.band(0) + (y - 1) * image.cols;
    const double* mid = up + image.cols;
    const double* down = mid + image.cols;
    for (std::int64_t x = 1; x <= w; ++x) {
      const double gy = up[x - 1] + 2 * up[x] + up[x + 1] - down[x - 1] - 2 * down[x] - down[x + 1];
      const double gx = up[x - 1] + 2 * mid[x - 1] + down[x - 1] - up[x + 1] - 2 * mid[x + 1] - down[x + 1];
      magnitude.push_back(std::sqrt(gx * gx + gy * gy));
    }
  }
  return magnitude;
}

}  // namespace

void check_same_size(const Planes& a, const Planes& b, std::string_view what) {
  check(a.same_size(b), "{}: images of different size, {} x {} x {} and {} x {} x {} (rows x columns x bands)", what, a.rows,
        a.cols, a.bands, b.rows, b.cols, b.bands);
}

double mean_squared_error(const Planes& g, const Planes& f, std::int64_t band) {
  double sum = 0;
  for (std::int64_t p = 0; p < g.pixels(); ++p) {
    const double d = g.band(band)[p] - f.band(band)[p];
    sum += d * d;
  }
  return sum / static_cast<double>(g.pixels());
}

double band_mean(const Planes& image, std::int64_t band) {
  return std::accumulate(image.band(band), image.band(band) + image.pixels(), 0.0) / static_cast<double>(image.pixels());
}

double pearson(const double* x, const double* y, std::int64_t n) {
  const double mx = std::accumulate(x, x + n, 0.0) / static_cast<double>(n);
  const double my = std::accumulate(y, y + n, 0.0) / static_cast<double>(n);
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
    xy += (x[i] - mx) * (y[i] - my);
  }
  return xy / std::sqrt(xx * yy);
}

double sam(const Planes& g, const Planes& f) {
  check_same_size(g, f, "SAM");
  double sum = 0;
  std::int64_t count = 0;
  for (std::int64_t p = 0; p < g.pixels(); ++p) {
    double gf = 0;
    double gg = 0;
    double ff = 0;
    for (std::int64_t b = 0; b < g.bands; ++b) {
      const double x = g.band(b)[p];
      const double y = f.band(b)[p];
      gf += x * y;
      gg += x * x;
      ff += y * y;
    }
    const double norm = std::sqrt(gg * ff);
    if (norm > 0) {
      sum += std::acos(std::clamp(gf / norm, -1.0, 1.0));
      ++count;
    }
  }
  return sum / static_cast<double>(count) * 180 / std::numbers::pi;
}

double ergas(const Planes& g, const Planes& f, std::int64_t ratio) {
  check_same_size(g, f, "ERGAS");
  const double mean = mean_of(g.bands, [&](std::int64_t b) {
    const double mu = band_mean(g, b);
    return mean_squared_error(g, f, b) / (mu * mu);
  });
  return 100 / static_cast<double>(ratio) * std::sqrt(mean);
}

double scc(const Planes& g, const Planes& f) {
  check_same_size(g, f, "SCC");
  check(g.rows > 2 && g.cols > 2, "SCC: an image of {} x {}, expected at least 3 x 3", g.rows, g.cols);
  struct Sums {
    double gg = 0, ff = 0, gf = 0;
  };
  std::vector<Sums> bands(static_cast<std::size_t>(g.bands));
  parallel_for(g.bands, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      const auto mg = sobel_magnitude(g, b);
      const auto mf = sobel_magnitude(f, b);
      Sums& s = bands[static_cast<std::size_t>(b)];
      for (std::size_t i = 0; i < mg.size(); ++i) {
        s.gg += mg[i] * mg[i];
        s.ff += mf[i] * mf[i];
        s.gf += mg[i] * mf[i];
      }
    }
  });
  Sums total;
  for (const Sums& s : bands) total = {total.gg + s.gg, total.ff + s.ff, total.gf + s.gf};
  return total.gf / std::sqrt(total.gg * total.ff);
}

double psnr_band(const Planes& g, const Planes& f, double peak) {
  check_same_size(g, f, "PSNR");
  return mean_of(g.bands, [&](std::int64_t b) { return 10 * std::log10(peak * peak / mean_squared_error(g, f, b)); });
}

double psnr_pool(const Planes& g, const Planes& f, double peak) { return 20 * std::log10(peak / rmse(g, f)); }

double cc(const Planes& g, const Planes& f) {
  check_same_size(g, f, "CC");
  return mean_of(g.bands, [&](std::int64_t b) { return pearson(g.band(b), f.band(b), g.pixels()); });
}

double rmse(const Planes& g, const Planes& f) {
  check_same_size(g, f, "RMSE");
  return std::sqrt(mean_of(g.bands, [&](std::int64_t b) { return mean_squared_error(g, f, b); }));
}

}  // namespace cf::quality
