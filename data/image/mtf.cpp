#include "data/image/mtf.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <numbers>

#include "framework/core/parallel.h"

namespace cf {
namespace {

constexpr double kDefaultGain = 0.30;
constexpr double kDefaultPanGain = 0.15;
constexpr double kKaiserBeta = 0.5;
constexpr std::int64_t kRadius = kMtfTaps / 2;

struct SensorMtf {
  std::string_view name;
  std::vector<std::string_view> aliases;  // lower case
  std::vector<double> ms;                 // empty: the default in every band
  double pan;
};

const std::vector<SensorMtf>& sensors() {
  static const std::vector<SensorMtf> table = {
      {"QB", {"qb", "quickbird"}, {0.34, 0.32, 0.30, 0.22}, 0.15},
      {"IKONOS", {"ikonos", "ik"}, {0.26, 0.28, 0.29, 0.28}, 0.17},
      {"GeoEye1", {"geoeye1", "ge1"}, {0.23, 0.23, 0.23, 0.23}, 0.16},
      {"WV4", {"wv4", "worldview4"}, {0.23, 0.23, 0.23, 0.23}, 0.16},
      {"WV2", {"wv2", "worldview2"}, {0.35, 0.35, 0.35, 0.35, 0.35, 0.35, 0.35, 0.27}, 0.11},
      {"WV3", {"wv3", "worldview3"}, {0.325, 0.355, 0.360, 0.350, 0.365, 0.360, 0.335, 0.315}, 0.14},
      {"GF2", {"gf2", "gaofen2"}, {}, kDefaultPanGain},
      {"Landsat", {"landsat", "landsat7", "landsat8"}, {}, kDefaultPanGain},
      {"none", {"none", ""}, {}, kDefaultPanGain},
  };
  return table;
}

const SensorMtf& find_sensor(std::string_view name) {
  std::string key;
  for (const char c : name) {
    if (c != '-' && c != '_' && c != ' ') key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  std::string known;
  for (const SensorMtf& s : sensors()) {
    if (std::find(s.aliases.begin(), s.aliases.end(), key) != s.aliases.end()) return s;
    known += (known.empty() ? "" : ", ") + std::string(s.name);
  }
  fail("sensor '{}' is not known; known are {}", name, known);
}

// The modified Bessel function of order 0 by its power series, exact to the last digits for the small arguments here.
double bessel_i0(double x) {
  double term = 1;
  double sum = 1;
  for (int k = 1; term > sum * 1e-18; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

double kaiser(double offset) {  // offset -1 .. 1 across the window
  return bessel_i0(kKaiserBeta * std::sqrt(std::max(0.0, 1 - offset * offset))) / bessel_i0(kKaiserBeta);
}

// The Kaiser window at radius r (in taps), interpolated between its samples at whole taps.
double radial_window(double r) {
  if (r > static_cast<double>(kRadius)) return 0;
  const double low = std::min(std::floor(r), static_cast<double>(kRadius - 1));
  const double n = static_cast<double>(kRadius);
  return kaiser(low / n) + (r - low) * (kaiser((low + 1) / n) - kaiser(low / n));
}

// The impulse response along one axis at any distance from its centre: the inverse DFT of the Gaussian of MTF gain G.
class MtfProfile {
 public:
  MtfProfile(double gain, std::int64_t ratio, double span) {
    check(gain > 0 && gain < 1, "MTF gain at Nyquist is {}, expected between 0 and 1", gain);
    check(ratio > 1, "MTF filter for ratio {}, expected 2 or more", ratio);
    const double cut = span / (2.0 * static_cast<double>(ratio));
    alpha2_ = cut * cut / (-2 * std::log(gain));
  }
  double at(double t) const {
    double sum = 0;
    for (std::int64_t f = -kRadius; f <= kRadius; ++f) {
      const double phase = 2 * std::numbers::pi * (static_cast<double>(f) * t) / kMtfTaps;
      sum += std::exp(-static_cast<double>(f * f) / (2 * alpha2_)) * std::cos(phase);
    }
    return sum / kMtfTaps;
  }

 private:
  double alpha2_ = 0;
};

// Working memory of one thread: the sums of rows y - v and y + v, with replicated margins, and the filtered row.
struct RowWork {
  std::vector<double> pairs;
  std::vector<double> sum;
};

// One row of the filtered band. The kernel's two mirror symmetries leave a quarter of the multiplications.
// With `next` = 1 results lie between pixels, and the mirror image of a pixel is one farther.
void filter_row(const double* band, std::int64_t rows, std::int64_t cols, std::int64_t y, std::int64_t next,
                const std::vector<double>& quarter, RowWork& work) {
  const std::int64_t width = cols + 2 * kRadius + 1;
  work.pairs.resize(static_cast<std::size_t>(width));
  work.sum.assign(static_cast<std::size_t>(cols), 0.0);
  double* sum = work.sum.data();
  for (std::int64_t v = 0; v <= kRadius; ++v) {
    const double* above = band + std::max<std::int64_t>(y - v, 0) * cols;
    const double* below = band + std::min<std::int64_t>(y + v + next, rows - 1) * cols;
    double* pair = work.pairs.data() + kRadius;
    for (std::int64_t x = 0; x < cols; ++x) pair[x] = v + next == 0 ? above[x] : above[x] + below[x];
    std::fill(pair - kRadius, pair, pair[0]);
    std::fill(pair + cols, pair + cols + kRadius + 1, pair[cols - 1]);
    const double* weight = quarter.data() + v * (kRadius + 1);
    if (next == 0) {
      for (std::int64_t x = 0; x < cols; ++x) sum[x] += weight[0] * pair[x];
    }
    for (std::int64_t u = 1 - next; u <= kRadius; ++u) {
      if (weight[u] == 0) continue;  // outside the circle
      for (std::int64_t x = 0; x < cols; ++x) sum[x] += weight[u] * (pair[x - u] + pair[x + u + next]);
    }
  }
}

}  // namespace

std::string canonical_sensor(std::string_view name) { return std::string(find_sensor(name).name); }

std::vector<double> mtf_gains(std::string_view sensor, std::int64_t bands) {
  const SensorMtf& s = find_sensor(sensor);
  if (s.ms.empty()) return std::vector<double>(static_cast<std::size_t>(bands), kDefaultGain);
  check(static_cast<std::int64_t>(s.ms.size()) == bands,
        "the MTF table of {} has {} bands, the image {}; name the image's sensor, or 'none' for {} in every band", s.name,
        s.ms.size(), bands, kDefaultGain);
  return s.ms;
}

double mtf_pan_gain(std::string_view sensor) { return find_sensor(sensor).pan; }

std::vector<double> mtf_quadrant(double gain, std::int64_t ratio, double shift, double span) {
  const MtfProfile profile(gain, ratio, span);
  std::array<double, kRadius + 1> g{};
  for (std::int64_t t = 0; t <= kRadius; ++t) g[static_cast<std::size_t>(t)] = profile.at(static_cast<double>(t) + shift);
  std::vector<double> quadrant;
  for (std::int64_t v = 0; v <= kRadius; ++v) {
    for (std::int64_t u = 0; u <= kRadius; ++u) {
      const double window = radial_window(std::hypot(static_cast<double>(v) + shift, static_cast<double>(u) + shift));
      quadrant.push_back(g[static_cast<std::size_t>(v)] * g[static_cast<std::size_t>(u)] * window);
    }
  }
  return quadrant;
}

std::vector<double> mtf_kernel(double gain, std::int64_t ratio) {
  const std::vector<double> quadrant = mtf_quadrant(gain, ratio, 0);
  std::vector<double> kernel;
  for (std::int64_t v = -kRadius; v <= kRadius; ++v) {
    for (std::int64_t u = -kRadius; u <= kRadius; ++u) {
      kernel.push_back(quadrant[static_cast<std::size_t>(std::abs(v) * (kRadius + 1) + std::abs(u))]);
    }
  }
  return kernel;
}

Decimation lms_decimation(std::int64_t ratio) {
  const bool power_of_two = (ratio & (ratio - 1)) == 0;
  return {ratio, power_of_two ? ratio / 2 : (ratio - 1) / 2, !power_of_two && ratio % 2 == 0};
}

Planes mtf_filter(const Planes& image, std::span<const double> gains, std::int64_t ratio, Decimation keep, double span) {
  check(gains.size() == 1 || static_cast<std::int64_t>(gains.size()) == image.bands, "MTF filter: {} gains for {} bands",
        gains.size(), image.bands);
  check(keep.step >= 1 && keep.phase >= 0 && keep.phase < std::min(image.rows, image.cols),
        "MTF filter: every {}-th pixel from {} of an image of {} x {}", keep.step, keep.phase, image.rows, image.cols);
  const auto kept = [&](std::int64_t n) { return (n - keep.phase + keep.step - 1) / keep.step; };
  Planes out(kept(image.rows), kept(image.cols), image.bands);
  std::vector<std::vector<double>> quarters;
  for (const double gain : gains) quarters.push_back(mtf_quadrant(gain, ratio, keep.between ? 0.5 : 0, span));
  parallel_for(out.bands * out.rows, 8, [&](std::int64_t begin, std::int64_t end) {
    RowWork work;
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t b = r / out.rows;
      const std::int64_t y = r % out.rows * keep.step + keep.phase;
      filter_row(image.band(b), image.rows, image.cols, y, keep.between ? 1 : 0,
                 quarters[quarters.size() == 1 ? 0 : static_cast<std::size_t>(b)], work);
      double* to = out.data.data() + r * out.cols;
      for (std::int64_t x = 0; x < out.cols; ++x) to[x] = work.sum[static_cast<std::size_t>(x * keep.step + keep.phase)];
    }
  });
  return out;
}

Tensor mtf_filter(const Tensor& image, std::span<const double> gains, std::int64_t ratio, Decimation keep) {
  return to_tensor(mtf_filter(to_planes(image, "MTF filter"), gains, ratio, keep));
}

}  // namespace cf
