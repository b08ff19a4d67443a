// What classical methods learn of a whole scene, piece by piece: means, covariances, low percentiles.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace cf::classical {

using Pair = std::pair<std::int64_t, std::int64_t>;

// Means of some variables and covariances of some pairs of them, about the means of the pieces, so that nothing cancels.
class Moments {
 public:
  Moments() = default;
  Moments(std::int64_t variables, std::vector<Pair> pairs);

  // A piece: `values` holds n values of the first variable, then n of the second, ...; they are overwritten.
  void add(std::span<double> values, std::int64_t n);
  // Another collection of the same variables and pairs. The order of merging decides about the last digits.
  void merge(const Moments& other);

  std::int64_t variables() const { return static_cast<std::int64_t>(mean_.size()); }
  double count() const { return count_; }
  double mean(std::int64_t v) const { return mean_[static_cast<std::size_t>(v)]; }
  // With n - 1; 0 where there are fewer than two values. Throws Error on a pair that is not collected.
  double covariance(std::int64_t a, std::int64_t b) const;
  // sum of x_a x_b
  double raw_product(std::int64_t a, std::int64_t b) const;

 private:
  double centred(std::int64_t a, std::int64_t b) const;

  double count_ = 0;
  std::vector<double> mean_;
  std::vector<Pair> pairs_;
  std::vector<double> sums_;  // of products of deviations, pair by pair
};

// All pairs of `n` variables from `first` on, each once.
std::vector<Pair> all_pairs(std::int64_t n, std::int64_t first = 0);

// The x of A x = b for a symmetric A (n, n) without negative eigenvalues. Directions in which A vanishes, such as a constant
// band's, get next to nothing.
std::vector<double> solve_symmetric(std::vector<double> a, std::vector<double> b);

// The least value and low percentiles of values of any unit, by a histogram whose bins are 1/2048 to 1/4096 of the value wide.
class LowValues {
 public:
  LowValues();
  void add(float value);
  double least() const { return least_; }
  // Value of rank n share + 1/2 among n, as MATLAB's prctile; values of a bin are taken to lie evenly in it.
  double quantile(double share) const;

 private:
  double at_rank(double rank) const;

  std::vector<std::int64_t> counts_;
  std::int64_t count_ = 0;
  double least_;
};

}  // namespace cf::classical
