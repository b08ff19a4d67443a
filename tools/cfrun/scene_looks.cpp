#include "tools/cfrun/scene_looks.h"

#include <algorithm>
#include <limits>

namespace cf {
namespace {

constexpr std::int64_t kDetailSide = 512;
constexpr float kNoData = std::numeric_limits<float>::quiet_NaN();

// The first pixel of row y of the part, counted from the part's first pixel.
std::int64_t offset_in(const ScenePart& part, std::int64_t row, std::int64_t col) {
  return (row - part.window.row) * part.window.cols + col - part.window.col;
}

Tensor mean_of(const std::vector<float>& sums, const std::vector<float>& count, std::int64_t rows, std::int64_t cols) {
  const std::int64_t n = std::ssize(sums) / (rows * cols);
  Tensor image = Tensor::empty({rows, cols, n});
  const auto out = image.span<float>();
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float pixels = count[i / static_cast<std::size_t>(n)];
    out[i] = pixels > 0 ? sums[i] / pixels : kNoData;
  }
  return image;
}

}  // namespace

void SceneLooks::Gathered::allocate(const SceneGrid& grid) {
  rows = (window.rows + step - 1) / step;
  cols = (window.cols + step - 1) / step;
  const auto cells = static_cast<std::size_t>(rows * cols);
  pan.assign(cells * static_cast<std::size_t>(grid.pan_bands), 0.0F);
  lms.assign(cells * static_cast<std::size_t>(grid.bands), 0.0F);
  fused.assign(lms.size(), 0.0F);
  count.assign(cells, 0.0F);
}

void SceneLooks::Gathered::add(const SceneGrid& grid, const ScenePart& part, std::span<const float> samples) {
  const Window& core = part.core;
  const std::int64_t row_begin = std::max(core.row, window.row);
  const std::int64_t row_end = std::min(core.row + core.rows, window.row + window.rows);
  const std::int64_t col_begin = std::max(core.col, window.col);
  const std::int64_t col_end = std::min(core.col + core.cols, window.col + window.cols);
  const float* const p = part.pan.span<float>().data();
  const float* const e = part.lms.span<float>().data();
  const std::uint8_t* const valid = part.valid.span<std::uint8_t>().data();
  const auto scale = static_cast<float>(grid.scale);
  for (std::int64_t y = row_begin; y < row_end; ++y) {
    for (std::int64_t x = col_begin; x < col_end; ++x) {
      const std::int64_t at = offset_in(part, y, x);
      if (valid[at] == 0) continue;
      const std::int64_t cell = (y - window.row) / step * cols + (x - window.col) / step;
      const float* f = samples.data() + ((y - core.row) * core.cols + x - core.col) * grid.bands;
      count[static_cast<std::size_t>(cell)] += 1;
      for (std::int64_t b = 0; b < grid.pan_bands; ++b) {
        pan[static_cast<std::size_t>(cell * grid.pan_bands + b)] += scale * p[at * grid.pan_bands + b];
      }
      for (std::int64_t b = 0; b < grid.bands; ++b) {
        lms[static_cast<std::size_t>(cell * grid.bands + b)] += scale * e[at * grid.bands + b];
        fused[static_cast<std::size_t>(cell * grid.bands + b)] += f[b];
      }
    }
  }
}

SceneLook SceneLooks::Gathered::look() const {
  return {
      title, window, step, mean_of(pan, count, rows, cols), mean_of(lms, count, rows, cols), mean_of(fused, count, rows, cols)};
}

SceneLooks::SceneLooks(const SceneGrid& grid, double lowest, double highest)
    : grid_(grid), lms_(grid.bands, lowest, highest), fused_(grid.bands, lowest, highest) {
  Gathered whole;
  whole.title = "Whole scene";
  whole.window = {0, 0, grid.rows, grid.cols};
  whole.step = (std::max(grid.rows, grid.cols) + kLookSide - 1) / kLookSide;
  whole.allocate(grid);
  const bool detailed = whole.step > 1;
  gathered_.push_back(std::move(whole));
  if (!detailed) return;
  Gathered detail;
  detail.title = "Detail at full resolution";
  const std::int64_t rows = std::min(kDetailSide, grid.rows);
  const std::int64_t cols = std::min(kDetailSide, grid.cols);
  detail.window = {(grid.rows - rows) / 2, (grid.cols - cols) / 2, rows, cols};
  detail.allocate(grid);
  gathered_.push_back(std::move(detail));
}

void SceneLooks::add(const ScenePart& part, std::span<const float> samples) {
  for (Gathered& gathered : gathered_) gathered.add(grid_, part, samples);
  // Histograms a row at a time.
  const Window& core = part.core;
  Tensor lms = Tensor::empty({1, core.cols, grid_.bands});
  Tensor fused = Tensor::empty({1, core.cols, grid_.bands});
  const auto bands = static_cast<std::size_t>(grid_.bands);
  const auto scale = static_cast<float>(grid_.scale);
  for (std::int64_t y = 0; y < core.rows; ++y) {
    const std::int64_t at = offset_in(part, core.row + y, core.col);
    const std::uint8_t* valid = part.valid.span<std::uint8_t>().data() + at;
    const float* e = part.lms.span<float>().data() + at * grid_.bands;
    const float* f = samples.data() + y * core.cols * grid_.bands;
    const auto lms_row = lms.span<float>();
    const auto fused_row = fused.span<float>();
    for (std::size_t i = 0; i < lms_row.size(); ++i) {
      const bool there = valid[i / bands] != 0;
      lms_row[i] = there ? scale * e[i] : kNoData;
      fused_row[i] = there ? f[i] : kNoData;
    }
    lms_.add(lms);
    fused_.add(fused);
  }
}

void SceneLooks::finish(FuseSummary& summary) {
  for (const Gathered& gathered : gathered_) summary.looks.push_back(gathered.look());
  summary.lms = lms_;
  summary.fused = fused_;
}

std::int64_t SceneLooks::bytes() const {
  std::int64_t values = 0;
  for (const Gathered& g : gathered_) values += std::ssize(g.pan) + 2 * std::ssize(g.lms) + std::ssize(g.count);
  return 2 * values * static_cast<std::int64_t>(sizeof(float));  // the pictures are made beside the sums
}

}  // namespace cf
