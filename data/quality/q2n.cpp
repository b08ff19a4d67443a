#include "data/quality/q2n.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "data/quality/mean.h"
#include "data/quality/reduced.h"

namespace cf::quality {
namespace {

// Conjugation negates every unit but e_0.
int conjugate_sign(std::int64_t i) { return i == 0 ? 1 : -1; }

double to_uint16(double x) { return std::min(std::max(std::floor(x + 0.5), 0.0), 65535.0); }

std::int64_t mirror(std::int64_t i, std::int64_t n) {
  const std::int64_t folded = i % (2 * n);
  return folded < n ? folded : 2 * n - 1 - folded;
}

double mean_from_first(const std::vector<double>& x) {  // exact where x is constant
  double sum = 0;
  for (const double v : x) sum += v - x[0];
  return x[0] + sum / static_cast<double>(x.size());
}

double squared_norm(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return sum;
}

// A block of one image: what each component deviates from its mean, pixel by pixel, so that products of components run over
// neighbours in memory. Components beyond the image's bands are constant: they have a mean and no deviation.
struct Block {
  explicit Block(std::int64_t bands) : bands_(static_cast<std::size_t>(bands)) {}

  // The next component, negated where it is conjugated.
  void add(const std::vector<double>& x, int sign) {
    const double m = mean_from_first(x);
    const std::size_t b = mean.size();
    if (deviation.empty()) deviation.resize(x.size() * bands_);
    for (std::size_t p = 0; p < x.size(); ++p) deviation[p * bands_ + b] = sign * (x[p] - m);
    mean.push_back(sign * m);
  }

  std::size_t bands() const { return bands_; }
  std::size_t pixels() const { return deviation.size() / bands_; }

  std::vector<double> mean;
  std::vector<double> deviation;  // (pixels, bands)

 private:
  std::size_t bands_;
};

struct BlockPair {
  Block g, f;
};

std::vector<double> gather(const Planes& image, std::int64_t band, std::int64_t top, std::int64_t left, std::int64_t block) {
  std::vector<double> x;
  x.reserve(static_cast<std::size_t>(block * block));
  for (std::int64_t r = 0; r < block; ++r) {
    const double* row = image.band(band) + mirror(top + r, image.rows) * image.cols;
    for (std::int64_t c = 0; c < block; ++c) x.push_back(to_uint16(row[mirror(left + c, image.cols)]));
  }
  return x;
}

BlockPair normalised_block(const Planes& g, const Planes& f, std::int64_t components, std::int64_t top, std::int64_t left,
                           std::int64_t block) {
  BlockPair pair{Block(g.bands), Block(g.bands)};
  for (std::int64_t b = 0; b < g.bands; ++b) {
    std::vector<double> x = gather(g, b, top, left, block);
    std::vector<double> y = gather(f, b, top, left, block);
    const double mean = mean_from_first(x);
    double squares = 0;
    for (const double v : x) squares += (v - mean) * (v - mean);
    double deviation = std::sqrt(squares / static_cast<double>(x.size() - 1));
    if (deviation == 0) deviation = std::numeric_limits<double>::epsilon();
    for (double& v : x) v = (v - mean) / deviation + 1;
    for (double& v : y) v = mean == 0 ? v + 1 : (v - mean) / deviation + 1;
    pair.g.add(x, 1);
    pair.f.add(y, conjugate_sign(b));
  }
  for (std::int64_t b = g.bands; b < components; ++b) {  // zero bands: g' = f' = 1 everywhere
    pair.g.mean.push_back(1);
    pair.f.mean.push_back(conjugate_sign(b));
  }
  return pair;
}

// products[i * bands + j] = sum over the block of g_i f_j: the one part whose cost grows with the square of the bands. Tiles of
// it stay in registers while the pixels go by.
std::vector<double> products_of_deviations(const BlockPair& pair) {
  constexpr std::size_t kRows = 4;
  constexpr std::size_t kCols = 8;
  const std::size_t bands = pair.g.bands();
  const std::size_t pixels = pair.g.pixels();
  std::vector<double> products(bands * bands);
  for (std::size_t i0 = 0; i0 < bands; i0 += kRows) {
    const std::size_t rows = std::min(kRows, bands - i0);
    for (std::size_t j0 = 0; j0 < bands; j0 += kCols) {
      const std::size_t cols = std::min(kCols, bands - j0);
      std::array<std::array<double, kCols>, kRows> tile{};
      const auto add_pixels = [&](const auto tile_rows, const auto tile_cols) {
        const double* g = pair.g.deviation.data() + i0;
        const double* f = pair.f.deviation.data() + j0;
        for (std::size_t p = 0; p < pixels; ++p, g += bands, f += bands) {
          for (std::size_t i = 0; i < tile_rows; ++i) {
            for (std::size_t j = 0; j < tile_cols; ++j) tile[i][j] += g[i] * f[j];
          }
        }
      };
      if (rows == kRows && cols == kCols) {
        add_pixels(std::integral_constant<std::size_t, kRows>(), std::integral_constant<std::size_t, kCols>());
      } else {
        add_pixels(rows, cols);
      }
      for (std::size_t i = 0; i < rows; ++i) std::copy_n(tile[i].begin(), cols, products.begin() + (i0 + i) * bands + j0);
    }
  }
  return products;
}

// signs[i * n + j] of the products of units, n components.
double block_value(const BlockPair& pair, const std::vector<std::int8_t>& signs) {
  const std::size_t components = pair.g.mean.size();
  const std::size_t bands = pair.g.bands();
  const auto n = static_cast<double>(pair.g.pixels());
  const double unbiased = n / (n - 1);
  const double g2 = squared_norm(pair.g.mean);
  const double f2 = squared_norm(pair.f.mean);
  const double variances = unbiased * (squared_norm(pair.g.deviation) + squared_norm(pair.f.deviation)) / n;
  const double bias = 2 * std::sqrt(g2 * f2) / (g2 + f2);
  if (variances == 0) return bias;
  // The product is bilinear, so E[g f] - E[g] E[f] is the product of the deviations, unit by unit.
  const std::vector<double> products = products_of_deviations(pair);
  std::vector<double> covariance(components, 0.0);
  for (std::size_t i = 0; i < bands; ++i) {
    for (std::size_t j = 0; j < bands; ++j) {
      covariance[i ^ j] += signs[i * components + j] * products[i * bands + j] / n;
    }
  }
  return bias * 2 / variances * unbiased * std::sqrt(squared_norm(covariance));
}

}  // namespace

// With x = (a | b), y = (c | d) in halves: x y = (a c - conj(d) b | conj(a) conj(d) + c conj(b)), where conjugation acts on
// the half as a number of its own; it leaves halves of one component as they are.
int unit_product_sign(std::int64_t i, std::int64_t j, std::int64_t n) {
  if (n == 1) return 1;
  const std::int64_t h = n / 2;
  if (i < h && j < h) return unit_product_sign(i, j, h);
  if (i < h) return conjugate_sign(i) * conjugate_sign(j - h) * unit_product_sign(i, j - h, h);
  if (j < h) return conjugate_sign(i - h) * unit_product_sign(j, i - h, h);
  return -conjugate_sign(j - h) * unit_product_sign(j - h, i - h, h);
}

double q2n(const Planes& g, const Planes& f, std::int64_t block) {
  check_same_size(g, f, "Q2n");
  check(block > 1 && g.data.size() > 0, "Q2n: blocks of {} in an image of {} x {}", block, g.rows, g.cols);
  const auto components = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(g.bands)));
  std::vector<std::int8_t> signs(static_cast<std::size_t>(components * components));
  for (std::int64_t i = 0; i < components * components; ++i) {
    signs[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(unit_product_sign(i / components, i % components, components));
  }
  const std::int64_t down = (g.rows + block - 1) / block;
  const std::int64_t across = (g.cols + block - 1) / block;
  return mean_of(down * across, [&](std::int64_t i) {
    return block_value(normalised_block(g, f, components, i / across * block, i % across * block, block), signs);
  });
}

}  // namespace cf::quality
