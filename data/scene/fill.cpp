#include <algorithm>
#include <vector>

#include "data/scene/nodata.h"
#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf {
namespace {

constexpr std::int32_t kNone = -1;

struct Image {
  std::int64_t rows, cols, bands;
  std::span<float> samples;
  std::span<const std::uint8_t> valid;

  std::size_t at(std::int64_t y, std::int64_t x) const { return static_cast<std::size_t>(y * cols + x); }
};

// The row of the nearest valid pixel in the same column, at most `reach` away, the upper one of two; kNone.
std::vector<std::int32_t> nearest_in_column(const Image& image, std::int64_t reach) {
  std::vector<std::int32_t> row(image.valid.size(), kNone);
  parallel_for(image.cols, 64, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> last(static_cast<std::size_t>(end - begin), -reach - 1);
    for (std::int64_t y = 0; y < image.rows; ++y) {
      for (std::int64_t x = begin; x < end; ++x) {
        std::int64_t& seen = last[static_cast<std::size_t>(x - begin)];
        if (image.valid[image.at(y, x)] != 0) seen = y;
        if (y - seen <= reach) row[image.at(y, x)] = static_cast<std::int32_t>(seen);
      }
    }
    std::fill(last.begin(), last.end(), image.rows + reach);
    for (std::int64_t y = image.rows - 1; y >= 0; --y) {
      for (std::int64_t x = begin; x < end; ++x) {
        std::int64_t& seen = last[static_cast<std::size_t>(x - begin)];
        if (image.valid[image.at(y, x)] != 0) seen = y;
        std::int32_t& best = row[image.at(y, x)];
        if (seen - y <= reach && (best == kNone || seen - y < y - best)) best = static_cast<std::int32_t>(seen);
      }
    }
  });
  return row;
}

// The nearest valid pixel, as an index; -1: none within reach.
std::int64_t nearest(const Image& image, const std::vector<std::int32_t>& column, std::int64_t y, std::int64_t x,
                     std::int64_t reach) {
  std::int64_t best = reach * reach + 1;
  std::int64_t found = -1;
  const auto consider = [&](std::int64_t at_x, std::int64_t d) {
    if (at_x < 0 || at_x >= image.cols) return;
    const std::int32_t at_y = column[image.at(y, at_x)];
    if (at_y == kNone) return;
    const std::int64_t distance = d * d + (at_y - y) * (at_y - y);
    if (distance >= best) return;
    best = distance;
    found = at_y * image.cols + at_x;
  };
  for (std::int64_t d = 0; d * d < best; ++d) {
    consider(x - d, d);
    if (d > 0) consider(x + d, d);
  }
  return found;
}

std::vector<float> mean_of_valid(const Image& image) {
  std::vector<double> sum(static_cast<std::size_t>(image.bands), 0.0);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < image.valid.size(); ++i) {
    if (image.valid[i] == 0) continue;
    ++count;
    for (std::size_t b = 0; b < sum.size(); ++b) sum[b] += static_cast<double>(image.samples[i * sum.size() + b]);
  }
  std::vector<float> mean;
  for (const double s : sum) mean.push_back(count > 0 ? static_cast<float>(s / static_cast<double>(count)) : 0.0F);
  return mean;
}

}  // namespace

void fill_nearest(std::span<float> samples, std::int64_t rows, std::int64_t cols, std::int64_t bands,
                  std::span<const std::uint8_t> valid, std::int64_t reach) {
  check(
      static_cast<std::int64_t>(samples.size()) == rows * cols * bands && static_cast<std::int64_t>(valid.size()) == rows * cols,
      "fill: {} samples and {} flags for {} x {} x {}", samples.size(), valid.size(), rows, cols, bands);
  const Image image{rows, cols, bands, samples, valid};
  const std::vector<std::int32_t> column = nearest_in_column(image, reach);
  const std::vector<float> mean = mean_of_valid(image);
  // Valid pixels are only read, invalid ones only written.
  parallel_for(rows, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * cols; i < end * cols; ++i) {
      if (valid[static_cast<std::size_t>(i)] != 0) continue;
      const std::int64_t source = nearest(image, column, i / cols, i % cols, reach);
      const float* from = source < 0 ? mean.data() : samples.data() + source * bands;
      std::copy(from, from + bands, samples.data() + i * bands);
    }
  });
}

}  // namespace cf
