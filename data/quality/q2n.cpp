#include "data/quality/q2n.h"

#include <bit>
#include <cmath>
#include <limits>

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

double dot(const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

// A block of one image: each component's mean, and its deviations from it.
struct Component {
  double mean = 0;
  std::vector<double> deviation;
};

Component centre(std::vector<double> x, int sign) {
  Component c{mean_from_first(x), std::move(x)};
  for (double& v : c.deviation) v = sign * (v - c.mean);
  c.mean *= sign;
  return c;
}

std::vector<double> gather(const Planes& image, std::int64_t band, std::int64_t top, std::int64_t left, std::int64_t block) {
  std::vector<double> x;
  x.reserve(static_cast<std::size_t>(block * block));
  for (std::int64_t r = 0; r < block; ++r) {
    const double* row = image.band(band) + mirror(top + r, image.rows) * image.cols;
    for (std::int64_t c = 0; c < block; ++c) x.push_back(to_uint16(row[mirror(left + c, image.cols)]));
  }
  return x;
}

struct BlockPair {
  std::vector<Component> g, f;
};

BlockPair normalised_block(const Planes& g, const Planes& f, std::int64_t components, std::int64_t top, std::int64_t left,
                           std::int64_t block) {
  BlockPair pair;
  for (std::int64_t b = 0; b < components; ++b) {
    if (b >= g.bands) {  // a zero band: g' = f' = 1 everywhere
      const std::vector<double> ones(static_cast<std::size_t>(block * block), 1.0);
      pair.g.push_back(centre(ones, 1));
      pair.f.push_back(centre(ones, conjugate_sign(b)));
      continue;
    }
    std::vector<double> x = gather(g, b, top, left, block);
    std::vector<double> y = gather(f, b, top, left, block);
    const double mean = mean_from_first(x);
    double squares = 0;
    for (const double v : x) squares += (v - mean) * (v - mean);
    double deviation = std::sqrt(squares / static_cast<double>(x.size() - 1));
    if (deviation == 0) deviation = std::numeric_limits<double>::epsilon();
    for (double& v : x) v = (v - mean) / deviation + 1;
    for (double& v : y) v = mean == 0 ? v + 1 : (v - mean) / deviation + 1;
    pair.g.push_back(centre(std::move(x), 1));
    pair.f.push_back(centre(std::move(y), conjugate_sign(b)));
  }
  return pair;
}

// signs[i * n + j] of the products of units.
double block_value(const BlockPair& pair, const std::vector<int>& signs) {
  const std::size_t components = pair.g.size();
  const auto n = static_cast<double>(pair.g[0].deviation.size());
  const double unbiased = n / (n - 1);
  double g2 = 0;
  double f2 = 0;
  double variances = 0;
  for (std::size_t b = 0; b < components; ++b) {
    g2 += pair.g[b].mean * pair.g[b].mean;
    f2 += pair.f[b].mean * pair.f[b].mean;
    variances += (squared_norm(pair.g[b].deviation) + squared_norm(pair.f[b].deviation)) / n;
  }
  variances *= unbiased;
  const double bias = 2 * std::sqrt(g2 * f2) / (g2 + f2);
  if (variances == 0) return bias;
  // The product is bilinear, so E[g f] - E[g] E[f] is the product of the deviations, unit by unit.
  std::vector<double> covariance(components, 0.0);
  for (std::size_t i = 0; i < components; ++i) {
    for (std::size_t j = 0; j < components; ++j) {
      covariance[i ^ j] += signs[i * components + j] * dot(pair.g[i].deviation, pair.f[j].deviation) / n;
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
  std::vector<int> signs;
  for (std::int64_t i = 0; i < components * components; ++i) {
    signs.push_back(unit_product_sign(i / components, i % components, components));
  }
  const std::int64_t down = (g.rows + block - 1) / block;
  const std::int64_t across = (g.cols + block - 1) / block;
  return mean_of(down * across, [&](std::int64_t i) {
    return block_value(normalised_block(g, f, components, i / across * block, i % across * block, block), signs);
  });
}

}  // namespace cf::quality
