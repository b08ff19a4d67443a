#include "data/classical/statistics.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "framework/core/check.h"

namespace cf::classical {
namespace {

// Sums in lanes of their own, so that the compiler may keep them in one register.
constexpr std::int64_t kLanes = 4;

double sum_of(const double* x, std::int64_t n) {
  std::array<double, kLanes> lanes{};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t k = 0; k < lanes.size(); ++k) lanes[k] += x[i + static_cast<std::int64_t>(k)];
  }
  double sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
  for (; i < n; ++i) sum += x[i];
  return sum;
}

double dot(const double* x, const double* y, std::int64_t n) {
  std::array<double, kLanes> lanes{};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t k = 0; k < lanes.size(); ++k) {
      lanes[k] += x[i + static_cast<std::int64_t>(k)] * y[i + static_cast<std::int64_t>(k)];
    }
  }
  double sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
  for (; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

// Bins of the histogram are runs of neighbouring floats: the upper bits of their patterns, made to ascend with the values.
constexpr unsigned kDroppedBits = 12;
constexpr std::uint32_t kSign = 0x80000000U;

std::uint32_t bin_of(float value) {
  const auto pattern = std::bit_cast<std::uint32_t>(value);
  return ((pattern & kSign) != 0 ? ~pattern : pattern | kSign) >> kDroppedBits;
}

double lower_edge(std::uint32_t bin) {
  const std::uint32_t key = bin << kDroppedBits;
  return static_cast<double>(std::bit_cast<float>((key & kSign) != 0 ? key & ~kSign : ~key));
}

}  // namespace

Moments::Moments(std::int64_t variables, std::vector<Pair> pairs)
    : mean_(static_cast<std::size_t>(variables), 0.0), pairs_(std::move(pairs)), sums_(pairs_.size(), 0.0) {}

void Moments::add(std::span<double> values, std::int64_t n) {
  if (n == 0) return;
  Moments piece(variables(), pairs_);
  piece.count_ = static_cast<double>(n);
  for (std::int64_t v = 0; v < variables(); ++v) {
    double* x = values.data() + v * n;
    const double mean = sum_of(x, n) / piece.count_;
    piece.mean_[static_cast<std::size_t>(v)] = mean;
    for (std::int64_t i = 0; i < n; ++i) x[i] -= mean;
  }
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    piece.sums_[p] = dot(values.data() + pairs_[p].first * n, values.data() + pairs_[p].second * n, n);
  }
  merge(piece);
}

// Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
void Moments::merge(const Moments& other) {
  if (other.count_ == 0) return;
  const double total = count_ + other.count_;
  const auto step = [&](std::int64_t v) { return other.mean_[static_cast<std::size_t>(v)] - mean_[static_cast<std::size_t>(v)]; };
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    sums_[p] += other.sums_[p] + step(pairs_[p].first) * step(pairs_[p].second) * count_ * other.count_ / total;
  }
  for (std::size_t v = 0; v < mean_.size(); ++v) mean_[v] += (other.mean_[v] - mean_[v]) * other.count_ / total;
  count_ = total;
}

double Moments::centred(std::int64_t a, std::int64_t b) const {
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    if (pairs_[p] == Pair{a, b} || pairs_[p] == Pair{b, a}) return sums_[p];
  }
  fail("statistics: the covariance of variables {} and {} is not collected", a, b);
}

double Moments::covariance(std::int64_t a, std::int64_t b) const {
  const double sum = centred(a, b);
  return count_ > 1 ? sum / (count_ - 1) : 0;
}

double Moments::raw_product(std::int64_t a, std::int64_t b) const { return centred(a, b) + count_ * mean(a) * mean(b); }

std::vector<Pair> all_pairs(std::int64_t n, std::int64_t first) {
  std::vector<Pair> pairs;
  for (std::int64_t i = first; i < first + n; ++i) {
    for (std::int64_t j = i; j < first + n; ++j) pairs.emplace_back(i, j);
  }
  return pairs;
}

std::vector<double> solve_symmetric(std::vector<double> a, std::vector<double> b) {
  const std::size_t n = b.size();
  const auto at = [&](std::size_t i, std::size_t j) -> double& { return a[i * n + j]; };
  // Scaled to a diagonal of ones, so that "vanishes" means the same for every unit; then Cholesky's decomposition.
  std::vector<double> unit(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) unit[i] = at(i, i) > 0 ? 1 / std::sqrt(at(i, i)) : 0;
  for (std::size_t i = 0; i < n; ++i) {
    b[i] *= unit[i];
    for (std::size_t j = 0; j < n; ++j) at(i, j) *= unit[i] * unit[j];
  }
  constexpr double kVanishing = 1e-13;
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = at(j, j);
    for (std::size_t k = 0; k < j; ++k) pivot -= at(j, k) * at(j, k);
    const bool vanishes = pivot <= kVanishing;
    at(j, j) = vanishes ? 0 : std::sqrt(pivot);
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = at(i, j);
      for (std::size_t k = 0; k < j; ++k) sum -= at(i, k) * at(j, k);
      at(i, j) = vanishes ? 0 : sum / at(j, j);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= at(i, k) * b[k];
    b[i] = at(i, i) > 0 ? b[i] / at(i, i) : 0;
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= at(k, i) * b[k];
    b[i] = at(i, i) > 0 ? b[i] / at(i, i) : 0;
  }
  for (std::size_t i = 0; i < n; ++i) b[i] *= unit[i];
  return b;
}

LowValues::LowValues() : counts_(std::size_t{1} << (32 - kDroppedBits), 0), least_(std::numeric_limits<double>::infinity()) {}

void LowValues::add(float value) {
  ++counts_[bin_of(value)];
  ++count_;
  least_ = std::min(least_, static_cast<double>(value));
}

// `rank` from 1, between two values too.
double LowValues::at_rank(double rank) const {
  double below = 0;
  for (std::uint32_t bin = 0; bin + 1 < counts_.size(); ++bin) {
    const auto inside = static_cast<double>(counts_[bin]);
    if (inside > 0 && below + inside >= rank) {
      const double low = lower_edge(bin);
      return low + (lower_edge(bin + 1) - low) * (rank - below - 0.5) / inside;
    }
    below += inside;
  }
  return least_;
}

double LowValues::quantile(double share) const {
  if (count_ == 0) return 0;
  return at_rank(std::clamp(static_cast<double>(count_) * share + 0.5, 1.0, static_cast<double>(count_)));
}

}  // namespace cf::classical
