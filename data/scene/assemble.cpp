// From what rasters hold to what methods see.
#include <algorithm>
#include <cmath>

#include "data/scene/source.h"
#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf {
namespace {

struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

void fill(RawImage& image, std::int64_t reach) {
  if (image.valid.empty()) return;
  fill_nearest(image.samples, image.window.rows, image.window.cols, image.bands, image.valid, reach);
}

// Rows [row, row + rows) x columns of an image, indices beyond [0, limit_rows) x [0, limit_cols) mirrored, times gain.
void take_mirrored(const RawImage& image, const Window& wanted, std::int64_t limit_rows, std::int64_t limit_cols, float gain,
                   float* out) {
  const std::int64_t n = image.bands;
  const Range inside{std::clamp<std::int64_t>(-wanted.col, 0, wanted.cols),
                     std::clamp<std::int64_t>(limit_cols - wanted.col, 0, wanted.cols)};
  parallel_for(wanted.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = begin; y < end; ++y) {
      const std::int64_t row = mirrored(wanted.row + y, limit_rows) - image.window.row;
      const float* from = image.samples.data() + (row * image.window.cols - image.window.col) * n;
      float* to = out + y * wanted.cols * n;
      const auto edge = [&](std::int64_t x) {
        const std::int64_t col = mirrored(wanted.col + x, limit_cols);
        for (std::int64_t b = 0; b < n; ++b) to[x * n + b] = gain * from[col * n + b];
      };
      for (std::int64_t x = 0; x < inside.begin; ++x) edge(x);
      for (std::int64_t i = inside.begin * n; i < inside.end * n; ++i) to[i] = gain * from[wanted.col * n + i];
      for (std::int64_t x = std::max(inside.begin, inside.end); x < wanted.cols; ++x) edge(x);
    }
  });
}

// The image that the taps name, mirrored where it ends; memory in `extended` where it is not there already.
SampleGrid samples_for(const RawImage& ms, const AxisTaps& rows, const AxisTaps& cols, std::int64_t ms_rows, std::int64_t ms_cols,
                       std::vector<float>& extended) {
  const bool inside = rows.lowest >= 0 && cols.lowest >= 0 && rows.highest < ms_rows && cols.highest < ms_cols;
  if (inside) return {ms.window.row, ms.window.col, ms.window.rows, ms.window.cols, ms.bands, ms.samples.data()};
  const Window wanted{rows.lowest, cols.lowest, rows.highest - rows.lowest + 1, cols.highest - cols.lowest + 1};
  extended.resize(static_cast<std::size_t>(wanted.pixels() * ms.bands));
  take_mirrored(ms, wanted, ms_rows, ms_cols, 1, extended.data());
  return {wanted.row, wanted.col, wanted.rows, wanted.cols, ms.bands, extended.data()};
}

bool is_valid(const RawImage& image, std::int64_t row, std::int64_t col) {
  const Window& w = image.window;
  if (row < w.row || col < w.col || row >= w.row + w.rows || col >= w.col + w.cols) return false;
  return image.valid.empty() || image.valid[static_cast<std::size_t>((row - w.row) * w.cols + col - w.col)] != 0;
}

bool all_inside(const std::vector<std::int64_t>& pixels) { return std::find(pixels.begin(), pixels.end(), -1) == pixels.end(); }

Tensor validity(const RawPart& raw, const SceneAlignment& a) {
  const Window& w = raw.window;
  Tensor valid = Tensor::empty({1, w.rows, w.cols, 1}, DType::u8);
  const auto out = valid.span<std::uint8_t>();
  const auto rows = pixels_at(a.row, w.row, w.row + w.rows, a.rows, a.ms_rows);
  const auto cols = pixels_at(a.col, w.col, w.col + w.cols, a.cols, a.ms_cols);
  if (raw.pan.valid.empty() && raw.ms.valid.empty() && all_inside(rows) && all_inside(cols)) {
    std::fill(out.begin(), out.end(), std::uint8_t{1});
    return valid;
  }
  parallel_for(w.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * w.cols; i < end * w.cols; ++i) {
      const auto y = static_cast<std::size_t>(i / w.cols);
      const auto x = static_cast<std::size_t>(i % w.cols);
      const bool both = is_valid(raw.ms, rows[y], cols[x]) &&
                        is_valid(raw.pan, mirrored(w.row + i / w.cols, a.rows), mirrored(w.col + i % w.cols, a.cols));
      out[static_cast<std::size_t>(i)] = both ? 1 : 0;
    }
  });
  return valid;
}

// The samples on both sides of a cell's centre that count: one of them where the centre lies on it.
struct Neighbours {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

Neighbours neighbours(double position) {
  const double nearest = std::round(position);
  if (std::abs(position - nearest) < 0.01) return {static_cast<std::int64_t>(nearest), static_cast<std::int64_t>(nearest)};
  const auto below = static_cast<std::int64_t>(std::floor(position));
  return {below, below + 1};
}

std::vector<Neighbours> neighbours_of(const AxisMap& map, std::int64_t begin, std::int64_t count, std::int64_t length) {
  std::vector<Neighbours> all;
  for (std::int64_t i = begin; i < begin + count; ++i) all.push_back(neighbours(map(static_cast<double>(mirrored(i, length)))));
  return all;
}

Tensor cell_validity(const RawPart& raw, const SceneAlignment& a, const Window& cells) {
  Tensor valid = Tensor::empty({1, cells.rows, cells.cols, 1}, DType::u8);
  const auto rows = neighbours_of(a.cell_row, cells.row, cells.rows, a.cell_rows());
  const auto cols = neighbours_of(a.cell_col, cells.col, cells.cols, a.cell_cols());
  auto out = valid.span<std::uint8_t>().begin();
  for (const Neighbours& r : rows) {
    for (const Neighbours& c : cols) {
      *out++ = is_valid(raw.ms, r.first, c.first) && is_valid(raw.ms, r.last, c.first) && is_valid(raw.ms, r.first, c.last) &&
                       is_valid(raw.ms, r.last, c.last)
                   ? 1
                   : 0;
    }
  }
  return valid;
}

}  // namespace

ScenePart SceneSource::assemble(RawPart raw) const {
  check(!raw.outside, "scene: rows {}, columns {} lie outside MS: there is nothing to assemble", raw.core.row, raw.core.col);
  const SceneAlignment& a = parts_.alignment;
  const auto gain = static_cast<float>(1 / parts_.scale);
  fill(raw.pan, raw.pan_reach);
  fill(raw.ms, raw.ms_reach);
  const Window& w = raw.window;
  ScenePart part;
  part.window = w;
  part.core = raw.core;
  part.valid = validity(raw, a);
  if (raw.with_pan) {
    part.pan = Tensor::empty({1, w.rows, w.cols, raw.pan.bands});
    take_mirrored(raw.pan, w, a.rows, a.cols, gain, part.pan.span<float>().data());
  }
  raw.pan = {};

  std::vector<float> extended;
  part.lms = Tensor::empty({1, w.rows, w.cols, raw.ms.bands});
  const SampleGrid samples = samples_for(raw.ms, raw.lms_row, raw.lms_col, a.ms_rows, a.ms_cols, extended);
  interpolate(samples, raw.lms_row, raw.lms_col, gain, part.lms.span<float>().data());
  if (!raw.with_ms) return part;

  const Window cells{w.row / a.ratio, w.col / a.ratio, w.rows / a.ratio, w.cols / a.ratio};
  part.valid_ms = cell_validity(raw, a, cells);
  part.ms = Tensor::empty({1, cells.rows, cells.cols, raw.ms.bands});
  // Where cells are MS pixels, all taps but one are zero.
  const SampleGrid around = samples_for(raw.ms, raw.cell_row, raw.cell_col, a.ms_rows, a.ms_cols, extended);
  interpolate(around, raw.cell_row, raw.cell_col, gain, part.ms.span<float>().data());
  return part;
}

}  // namespace cf
