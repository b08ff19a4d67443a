#include "tools/cfrun/scene_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "framework/ops/matmul.h"

namespace cf {
namespace {

// The two windows between whose centres a pixel lies, along one axis, and the share of the second.
struct Between {
  std::int64_t first;
  std::int64_t second;
  double share;
};

Between between(std::int64_t pixel, std::int64_t side, std::int64_t windows) {
  const double at = (static_cast<double>(pixel) + 0.5) / static_cast<double>(side) - 0.5;
  const auto below = static_cast<std::int64_t>(std::floor(at));
  const auto inside = [&](std::int64_t i) { return std::clamp<std::int64_t>(i, 0, windows - 1); };
  return {inside(below), inside(below + 1), at - std::floor(at)};
}

// The windows that matter to some pixels of an axis, and their weights there: (pixels, count).
struct AxisWeights {
  AxisWeights(std::int64_t begin, std::int64_t pixels, std::int64_t side, std::int64_t windows)
      : first(between(begin, side, windows).first),
        count(between(begin + pixels - 1, side, windows).second - first + 1),
        matrix(Tensor::zeros({pixels, count})) {
    const auto weights = matrix.span<float>();
    for (std::int64_t i = 0; i < pixels; ++i) {
      const Between b = between(begin + i, side, windows);
      weights[static_cast<std::size_t>(i * count + b.first - first)] += static_cast<float>(1 - b.share);
      weights[static_cast<std::size_t>(i * count + b.second - first)] += static_cast<float>(b.share);
    }
  }

  std::int64_t first;
  std::int64_t count;
  Tensor matrix;
};

}  // namespace

SceneStatistics::SceneStatistics(std::int64_t rows, std::int64_t cols, std::int64_t side, std::int64_t length)
    : side_(side),
      grid_rows_((rows + side - 1) / side),
      grid_cols_((cols + side - 1) / side),
      length_(length),
      weights_(static_cast<std::size_t>(grid_rows_ * grid_cols_), 0.0),
      values_(weights_.size() * static_cast<std::size_t>(length), 0.0F) {}

void SceneStatistics::set(std::int64_t row, std::int64_t col, double weight, std::span<const float> values) {
  check(static_cast<std::int64_t>(values.size()) == length_, "statistics: {} values of a window, not {}", values.size(), length_);
  weights_[index(row, col)] = weight;
  std::copy(values.begin(), values.end(), values_.begin() + static_cast<std::ptrdiff_t>(index(row, col)) * length_);
}

std::string SceneStatistics::packed() const {
  std::string text(weights_.size() * sizeof(double) + values_.size() * sizeof(float), '\0');
  std::memcpy(text.data(), weights_.data(), weights_.size() * sizeof(double));
  std::memcpy(text.data() + weights_.size() * sizeof(double), values_.data(), values_.size() * sizeof(float));
  return text;
}

void SceneStatistics::add(const std::string& packed) {
  const std::size_t weight_bytes = weights_.size() * sizeof(double);
  check(packed.size() == weight_bytes + values_.size() * sizeof(float), "statistics: {} bytes of another scene's", packed.size());
  const auto add_to = [](auto& numbers, const char* from) {
    auto more = numbers;
    std::memcpy(more.data(), from, more.size() * sizeof(more[0]));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] += more[i];
  };
  add_to(weights_, packed.data());
  add_to(values_, packed.data() + weight_bytes);
}

std::vector<double> SceneStatistics::around(std::int64_t row, std::int64_t col) const {
  std::vector<double> sum(static_cast<std::size_t>(length_), 0.0);
  double total = 0;
  for (std::int64_t r = std::max<std::int64_t>(0, row - 1); r < std::min(grid_rows_, row + 2); ++r) {
    for (std::int64_t c = std::max<std::int64_t>(0, col - 1); c < std::min(grid_cols_, col + 2); ++c) {
      const double w = r == row && c == col ? 0 : weights_[index(r, c)];
      if (w == 0) continue;
      total += w;
      const float* values = values_.data() + static_cast<std::ptrdiff_t>(index(r, c)) * length_;
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += w * static_cast<double>(values[i]);
    }
  }
  if (total == 0) return {};
  for (double& v : sum) v /= total;
  return sum;
}

// Partly covered windows first, all from what was pooled; then those without, ring by ring around the known ones.
void SceneStatistics::finish(float fallback) {
  const auto untold = static_cast<std::size_t>(std::count(weights_.begin(), weights_.end(), 0.0));
  if (untold == weights_.size()) {
    std::fill(values_.begin(), values_.end(), fallback);
    return;
  }
  Filled filled;
  for_each_window([&](std::int64_t row, std::int64_t col) {
    const double w = weights_[index(row, col)];
    if (w == 0 || w == 1) return;
    std::vector<double> mean = around(row, col);
    if (mean.empty()) return;
    const float* own = values_.data() + static_cast<std::ptrdiff_t>(index(row, col)) * length_;
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = w * static_cast<double>(own[i]) + (1 - w) * mean[i];
    filled.emplace_back(index(row, col), std::move(mean));
  });
  write(filled);
  for (std::size_t left = untold; left > 0; left -= filled.size()) {
    filled.clear();
    for_each_window([&](std::int64_t row, std::int64_t col) {
      if (weights_[index(row, col)] > 0) return;
      std::vector<double> mean = around(row, col);
      if (!mean.empty()) filled.emplace_back(index(row, col), std::move(mean));
    });
    write(filled);
    for (const auto& [i, values] : filled) weights_[i] = 1;
  }
}

void SceneStatistics::write(const Filled& filled) {
  for (const auto& [i, values] : filled) {
    std::transform(values.begin(), values.end(), values_.begin() + static_cast<std::ptrdiff_t>(i) * length_,
                   [](double v) { return static_cast<float>(v); });
  }
}

Tensor SceneStatistics::map(const Window& window, std::int64_t first, std::int64_t count, Device device) const {
  const AxisWeights rows(window.row, window.rows, side_, grid_rows_);
  const AxisWeights cols(window.col, window.cols, side_, grid_cols_);
  // Along columns first, in each of the few rows of windows; then along rows.
  Tensor nodes = Tensor::empty({rows.count, cols.count, count});
  Tensor along = Tensor::empty({rows.count, window.cols, cols.count});
  auto node = nodes.span<float>().begin();
  auto weight = along.span<float>().begin();
  for (std::int64_t r = rows.first; r < rows.first + rows.count; ++r) {
    for (std::int64_t c = cols.first; c < cols.first + cols.count; ++c) {
      node = std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(index(r, c)) * length_ + first, count, node);
    }
    weight = std::copy_n(cols.matrix.span<float>().begin(), cols.matrix.numel(), weight);
  }
  const Tensor bands = ops::matmul(along.to(device), nodes.to(device));  // (window rows, cols, count)
  const Tensor pixels = ops::matmul(rows.matrix.to(device), bands.alias({rows.count, window.cols * count}));
  return pixels.alias({1, window.rows, window.cols, count});
}

}  // namespace cf
