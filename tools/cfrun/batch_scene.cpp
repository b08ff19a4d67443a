#include "tools/cfrun/batch_scene.h"

#include <algorithm>

#include "framework/core/check.h"

namespace cf {
namespace {

std::int64_t mirrored(std::int64_t i, std::int64_t extent) {
  const std::int64_t period = 2 * extent;
  i = (i % period + period) % period;
  return i < extent ? i : period - 1 - i;
}

// A window of the first of the images (N, H, W, C).
Tensor cut(const Tensor& images, const Window& w) {
  const std::int64_t height = images.dim(1);
  const std::int64_t width = images.dim(2);
  const std::int64_t channels = images.dim(3);
  Tensor part = Tensor::empty({1, w.rows, w.cols, channels});
  const float* from = images.span<float>().data();
  float* to = part.span<float>().data();
  for (std::int64_t row = w.row; row < w.row + w.rows; ++row) {
    for (std::int64_t col = w.col; col < w.col + w.cols; ++col) {
      to = std::copy_n(from + (mirrored(row, height) * width + mirrored(col, width)) * channels, channels, to);
    }
  }
  return part;
}

Tensor all_valid(std::int64_t rows, std::int64_t cols) {
  const Tensor valid = Tensor::empty({1, rows, cols, 1}, DType::u8);
  std::ranges::fill(valid.span<std::uint8_t>(), std::uint8_t{1});
  return valid;
}

std::int64_t floor_to(std::int64_t n, std::int64_t multiple) { return n - ((n % multiple) + multiple) % multiple; }

// The window of a core with its halo.
Window around(const Window& core, std::int64_t halo, std::int64_t multiple) {
  const std::int64_t row = floor_to(core.row - halo, multiple);
  const std::int64_t col = floor_to(core.col - halo, multiple);
  return {row, col, -floor_to(-(core.row + core.rows + halo), multiple) - row,
          -floor_to(-(core.col + core.cols + halo), multiple) - col};
}

// Calls fn(core) for each core of `side` pixels, row by row.
template <class F>
void for_each_core(std::int64_t rows, std::int64_t cols, std::int64_t side, F&& fn) {
  for (std::int64_t row = 0; row < rows; row += side) {
    for (std::int64_t col = 0; col < cols; col += side) {
      fn(Window{row, col, std::min(side, rows - row), std::min(side, cols - col)});
    }
  }
}

}  // namespace

ScenePart part_of(const Batch& batch, std::int64_t ratio, const Window& window, const Window& core) {
  ScenePart part;
  part.window = window;
  part.core = core;
  part.pan = cut(batch.pan, window);
  part.lms = cut(batch.lms, window);
  const Window cells{window.row / ratio, window.col / ratio, window.rows / ratio, window.cols / ratio};
  if (batch.ms.defined()) part.ms = cut(batch.ms, cells);
  part.valid = all_valid(window.rows, window.cols);
  part.valid_ms = all_valid(cells.rows, cells.cols);
  return part;
}

Tensor fuse_as_scene(SceneMethod& method, const Batch& batch, std::int64_t ratio, std::int64_t core) {
  check(core >= 1, "scene: cores of {} pixels along a side; must be at least 1", core);
  SceneGrid grid;
  grid.rows = batch.pan.dim(1);
  grid.cols = batch.pan.dim(2);
  grid.ratio = ratio;
  grid.bands = batch.lms.dim(3);
  grid.pan_bands = batch.pan.dim(3);
  method.begin(grid);
  const SceneNeeds needs = method.needs();
  const auto part = [&](const Window& w, std::int64_t halo) { return part_of(batch, ratio, around(w, halo, needs.multiple), w); };
  if (needs.survey_core > 0) {
    for_each_core(grid.rows, grid.cols, needs.survey_core, [&](const Window& w) { method.survey(part(w, needs.survey_halo)); });
    method.finish_survey();
  }
  Tensor image = Tensor::empty({1, grid.rows, grid.cols, grid.bands});
  for_each_core(grid.rows, grid.cols, core, [&](const Window& w) {
    const Tensor fused = method.fuse(part(w, needs.halo));
    for (std::int64_t row = 0; row < w.rows; ++row) {
      std::copy_n(fused.span<float>().data() + row * w.cols * grid.bands, w.cols * grid.bands,
                  image.span<float>().data() + ((w.row + row) * grid.cols + w.col) * grid.bands);
    }
  });
  return image;
}

}  // namespace cf
