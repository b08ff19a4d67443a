#include "data/scene/lms_kernel.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "data/scene/wide.h"
#include "framework/core/check.h"
#include "framework/core/parallel.h"
#include "framework/tensor/tensor.h"

namespace cf {
namespace {

constexpr int kDoublings = 12;
constexpr std::int64_t kSupport = 11;  // of the limit function
constexpr std::int64_t kPerSample = std::int64_t{1} << kDoublings;

// Values at multiples of 2^-12 from 0 to 11; the function is even.
std::vector<double> make_table() {
  // Twice the tabulated taps at offsets 1, 3, ... 11.
  constexpr std::array kOdd = {0.610668182370, -0.145397186478, 0.043619155884, -0.010385513306, 0.001615524292, -0.000120162964};
  // At spacing 2^-level from -11 to 11.
  std::vector<double> values(2 * kSupport + 1, 0.0);
  values[kSupport] = 1;
  for (int level = 0; level < kDoublings; ++level) {
    const auto n = static_cast<std::int64_t>(values.size());
    std::vector<double> finer(static_cast<std::size_t>(2 * n - 1), 0.0);
    for (std::int64_t i = 0; i < n; ++i) finer[static_cast<std::size_t>(2 * i)] = values[static_cast<std::size_t>(i)];
    for (std::int64_t i = 1; i < 2 * n - 1; i += 2) {
      double sum = 0;
      for (std::int64_t k = 0; k < static_cast<std::int64_t>(kOdd.size()); ++k) {
        const std::int64_t left = (i - 1) / 2 - k;
        const std::int64_t right = (i + 1) / 2 + k;
        const double a = left >= 0 ? values[static_cast<std::size_t>(left)] : 0;
        const double b = right < n ? values[static_cast<std::size_t>(right)] : 0;
        sum += kOdd[static_cast<std::size_t>(k)] * (a + b);
      }
      finer[static_cast<std::size_t>(i)] = sum;
    }
    values = std::move(finer);
  }
  return {values.begin() + kSupport * kPerSample, values.end()};
}

// A pixel of kBands bands in one vector.
template <std::int64_t kBands>
struct Pixel {
  typedef float Vector
      __attribute__((vector_size(4 * kBands), aligned(4), may_alias));  // NOLINT: `using` takes no such attributes
};

// One row of samples to the outputs of the column taps.
template <std::int64_t kBands>
inline __attribute__((always_inline)) void row_of_vectors(const float* samples, std::int64_t col, const AxisTaps& cols,
                                                          float* out) {
  using Vector = typename Pixel<kBands>::Vector;
  for (std::int64_t x = 0; x < cols.size(); ++x) {
    const float* from = samples + (cols.first[static_cast<std::size_t>(x)] - col) * kBands;
    const float* weight = cols.weight.data() + x * kLmsTaps;
    // Two sums, because one would wait for itself.
    Vector even{};
    Vector odd{};
    for (std::int64_t t = 0; t < kLmsTaps; t += 2) {
      even += weight[t] * *reinterpret_cast<const Vector*>(from + t * kBands);           // NOLINT: a vector is floats
      odd += weight[t + 1] * *reinterpret_cast<const Vector*>(from + (t + 1) * kBands);  // NOLINT
    }
    *reinterpret_cast<Vector*>(out + x * kBands) = even + odd;  // NOLINT
  }
}

CF_WIDE void row_of_4(const float* samples, std::int64_t col, const AxisTaps& cols, std::int64_t, float* out) {
  row_of_vectors<4>(samples, col, cols, out);
}
CF_WIDE void row_of_8(const float* samples, std::int64_t col, const AxisTaps& cols, std::int64_t, float* out) {
  row_of_vectors<8>(samples, col, cols, out);
}
CF_WIDE void row_of_any(const float* samples, std::int64_t col, const AxisTaps& cols, std::int64_t bands, float* out) {
  for (std::int64_t x = 0; x < cols.size(); ++x) {
    const float* from = samples + (cols.first[static_cast<std::size_t>(x)] - col) * bands;
    const float* weight = cols.weight.data() + x * kLmsTaps;
    float* to = out + x * bands;
    std::fill(to, to + bands, 0.0F);
    for (std::int64_t t = 0; t < kLmsTaps; ++t) {
      for (std::int64_t b = 0; b < bands; ++b) to[b] += weight[t] * from[t * bands + b];
    }
  }
}

using RowFunction = void (*)(const float*, std::int64_t, const AxisTaps&, std::int64_t, float*);

RowFunction row_function(std::int64_t bands) { return bands == 4 ? row_of_4 : bands == 8 ? row_of_8 : row_of_any; }

// out = sum of weight[t] rows[t], a stretch of values at a time that stays in registers.
CF_WIDE void add_rows(const float* rows, std::int64_t stride, const float* weight, std::int64_t n, float* out) {
  constexpr std::int64_t kStretch = 32;
  std::int64_t x = 0;
  for (; x + kStretch <= n; x += kStretch) {
    std::array<float, kStretch> sum{};
    for (std::int64_t t = 0; t < kLmsTaps; ++t) {
      const float* from = rows + t * stride + x;
      for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += weight[t] * from[j];
    }
    std::copy(sum.begin(), sum.end(), out + x);
  }
  for (; x < n; ++x) {
    float sum = 0;
    for (std::int64_t t = 0; t < kLmsTaps; ++t) sum += weight[t] * rows[t * stride + x];
    out[x] = sum;
  }
}

}  // namespace

double lms_kernel(double t) {
  static const std::vector<double> table = make_table();
  const double at = std::abs(t) * static_cast<double>(kPerSample);
  const auto i = static_cast<std::size_t>(at);
  if (i + 1 >= table.size()) return 0;
  return table[i] + (at - static_cast<double>(i)) * (table[i + 1] - table[i]);
}

AxisTaps plan_taps(const AxisMap& map, std::int64_t begin, std::int64_t end, std::int64_t length) {
  AxisTaps taps;
  taps.first.reserve(static_cast<std::size_t>(end - begin));
  taps.weight.reserve(static_cast<std::size_t>((end - begin) * kLmsTaps));
  for (std::int64_t i = begin; i < end; ++i) {
    const double position = map(static_cast<double>(mirrored(i, length)));
    const auto first = static_cast<std::int64_t>(std::floor(position)) - kLmsReach + 1;
    taps.first.push_back(first);
    for (std::int64_t t = 0; t < kLmsTaps; ++t) {
      taps.weight.push_back(static_cast<float>(lms_kernel(position - static_cast<double>(first + t))));
    }
  }
  if (taps.first.empty()) return taps;
  taps.lowest = *std::min_element(taps.first.begin(), taps.first.end());
  taps.highest = *std::max_element(taps.first.begin(), taps.first.end()) + kLmsTaps - 1;
  return taps;
}

void interpolate(const SampleGrid& samples, const AxisTaps& rows, const AxisTaps& cols, float gain, float* out) {
  check(rows.lowest >= samples.row && rows.highest < samples.row + samples.rows && cols.lowest >= samples.col &&
            cols.highest < samples.col + samples.cols,
        "interpolation of MS: samples {} .. {} x {} .. {} are needed, rows {} + {}, columns {} + {} are there", rows.lowest,
        rows.highest, cols.lowest, cols.highest, samples.row, samples.rows, samples.col, samples.cols);
  // Columns first: there are fewer rows of samples than of outputs.
  const std::int64_t width = cols.size() * samples.bands;
  const Tensor between = Tensor::empty({rows.highest - rows.lowest + 1, width});
  float* const wide = between.span<float>().data();
  const RowFunction row_of = row_function(samples.bands);
  parallel_for(rows.highest - rows.lowest + 1, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* from = samples.data + (rows.lowest + r - samples.row) * samples.cols * samples.bands;
      row_of(from, samples.col, cols, samples.bands, wide + r * width);
    }
  });
  std::vector<float> weight = rows.weight;
  for (float& w : weight) w *= gain;
  parallel_for(rows.size(), 4, [&](std::int64_t begin, std::int64_t end) {
    // Neighbouring outputs have most of their samples in common: of so many columns, these stay in cache.
    constexpr std::int64_t kColumns = 2048;
    for (std::int64_t x = 0; x < width; x += kColumns) {
      for (std::int64_t y = begin; y < end; ++y) {
        add_rows(wide + (rows.first[static_cast<std::size_t>(y)] - rows.lowest) * width + x, width, weight.data() + y * kLmsTaps,
                 std::min(kColumns, width - x), out + y * width + x);
      }
    }
  });
}

}  // namespace cf
