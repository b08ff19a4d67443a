// A scene in memory that is given to scene methods part by part, as `cfrun fuse` does.
#pragma once

#include <algorithm>
#include <vector>

#include "data/scene/lms_kernel.h"
#include "data/scene/method.h"

namespace cf::test {

class MemoryScene {
 public:
  MemoryScene(std::int64_t rows, std::int64_t cols, std::int64_t bands, std::int64_t ratio, bool centred)
      : grid_{.rows = rows, .cols = cols, .ratio = ratio, .bands = bands, .pan_bands = 1, .scale = 1000},
        cell_rows_((rows + ratio - 1) / ratio),
        cell_cols_((cols + ratio - 1) / ratio),
        pan_(Tensor::zeros({rows, cols, 1})),
        lms_(Tensor::zeros({rows, cols, bands})),
        ms_(Tensor::zeros({cell_rows_, cell_cols_, bands})),
        valid_(static_cast<std::size_t>(rows * cols), 1),
        valid_ms_(static_cast<std::size_t>(cell_rows_ * cell_cols_), 1) {
    grid_.phase = centred ? (static_cast<double>(ratio) - 1) / 2 : static_cast<double>(ratio) / 2;
  }

  // MS as value(y, x, band) at the positions, in output pixels, where LMS has its samples; LMS is interpolated from it.
  template <class F>
  void paint(F&& value) {
    const auto r = static_cast<double>(grid_.ratio);
    for (std::int64_t i = 0; i < ms_.numel(); ++i) {
      const auto y = static_cast<double>(i / grid_.bands / cell_cols_);
      const auto x = static_cast<double>(i / grid_.bands % cell_cols_);
      ms_.span<float>()[static_cast<std::size_t>(i)] =
          static_cast<float>(value(r * y + grid_.phase, r * x + grid_.phase, i % grid_.bands));
    }
    interpolate_ms();
  }
  template <class F>
  void paint_pan(F&& value) {
    for (std::int64_t i = 0; i < pan_.numel(); ++i) {
      pan_.span<float>()[static_cast<std::size_t>(i)] =
          static_cast<float>(value(static_cast<double>(i / grid_.cols), static_cast<double>(i % grid_.cols)));
    }
  }
  void paint_band(std::int64_t band, float value) {
    for (const Tensor& t : {ms_, lms_}) {
      for (std::int64_t i = band; i < t.numel(); i += grid_.bands) t.span<float>()[static_cast<std::size_t>(i)] = value;
    }
  }
  // A hole in which MS and LMS, and PAN where asked, hold `value`.
  void punch(const Window& hole, float value, bool in_pan) {
    const std::int64_t r = grid_.ratio;
    for (std::int64_t y = hole.row; y < hole.row + hole.rows; ++y) {
      for (std::int64_t x = hole.col; x < hole.col + hole.cols; ++x) {
        const auto at = static_cast<std::size_t>(y * grid_.cols + x);
        const auto cell = static_cast<std::size_t>(y / r * cell_cols_ + x / r);
        if (in_pan) pan_.span<float>()[at] = value;
        valid_[at] = valid_ms_[cell] = 0;
        for (std::int64_t b = 0; b < grid_.bands; ++b) {
          const auto k = static_cast<std::size_t>(b);
          lms_.span<float>()[at * static_cast<std::size_t>(grid_.bands) + k] = value;
          ms_.span<float>()[cell * static_cast<std::size_t>(grid_.bands) + k] = value;
        }
      }
    }
  }

  const SceneGrid& grid() const { return grid_; }
  const Tensor& pan_image() const { return pan_; }
  const Tensor& ms_image() const { return ms_; }
  const Tensor& lms_image() const { return lms_; }

  // All of it, by cores of this side.
  Tensor fuse(SceneMethod& method, std::int64_t core) const {
    method.begin(grid_);
    const SceneNeeds needs = method.needs();
    if (needs.survey_core > 0) {
      for_each_core(needs.survey_core, [&](const Window& w) { method.survey(part(w, needs.survey_halo, needs.multiple)); });
    }
    method.finish_survey();
    const Tensor out = Tensor::zeros({grid_.rows, grid_.cols, grid_.bands});
    for_each_core(core, [&](const Window& w) {
      const Tensor fused = method.fuse(part(w, needs.halo, needs.multiple));
      for (std::int64_t y = 0; y < w.rows; ++y) {
        std::copy_n(fused.span<float>().begin() + y * w.cols * grid_.bands, w.cols * grid_.bands,
                    out.span<float>().begin() + ((w.row + y) * grid_.cols + w.col) * grid_.bands);
      }
    });
    return out;
  }

 private:
  template <class F>
  void for_each_core(std::int64_t side, F&& fn) const {
    for (std::int64_t row = 0; row < grid_.rows; row += side) {
      for (std::int64_t col = 0; col < grid_.cols; col += side) {
        fn(Window{row, col, std::min(side, grid_.rows - row), std::min(side, grid_.cols - col)});
      }
    }
  }

  static std::int64_t down(std::int64_t n, std::int64_t m) { return (n >= 0 ? n / m : -((-n + m - 1) / m)) * m; }

  ScenePart part(const Window& core, std::int64_t halo, std::int64_t multiple) const {
    const std::int64_t m = std::max(multiple, grid_.ratio);
    ScenePart p;
    p.core = core;
    p.window.row = down(core.row - halo, m);
    p.window.col = down(core.col - halo, m);
    p.window.rows = -down(-(core.row + core.rows + halo), m) - p.window.row;
    p.window.cols = -down(-(core.col + core.cols + halo), m) - p.window.col;
    p.pan = cut(pan_, p.window, grid_.rows, grid_.cols);
    p.lms = cut(lms_, p.window, grid_.rows, grid_.cols);
    const Window cells{p.window.row / grid_.ratio, p.window.col / grid_.ratio, p.window.rows / grid_.ratio,
                       p.window.cols / grid_.ratio};
    p.ms = cut(ms_, cells, cell_rows_, cell_cols_);
    p.valid = cut(Tensor::from({grid_.rows, grid_.cols, 1}, valid_), p.window, grid_.rows, grid_.cols);
    p.valid_ms = cut(Tensor::from({cell_rows_, cell_cols_, 1}, valid_ms_), cells, cell_rows_, cell_cols_);
    return p;
  }

  // A window of an image, mirrored beyond its edges, as (1, h, w, c).
  static Tensor cut(const Tensor& image, const Window& w, std::int64_t rows, std::int64_t cols) {
    const std::int64_t c = image.dim(2);
    const Tensor out = Tensor::empty({1, w.rows, w.cols, c}, image.dtype());
    const auto copy = [&](auto from, auto to) {
      for (std::int64_t p = 0; p < w.pixels(); ++p) {
        const std::int64_t y = mirrored(w.row + p / w.cols, rows);
        const std::int64_t x = mirrored(w.col + p % w.cols, cols);
        std::copy_n(from.begin() + (y * cols + x) * c, c, to.begin() + p * c);
      }
    };
    if (image.dtype() == DType::u8) {
      copy(image.span<std::uint8_t>(), out.span<std::uint8_t>());
    } else {
      copy(image.span<float>(), out.span<float>());
    }
    return out;
  }

  void interpolate_ms() {
    const auto r = static_cast<double>(grid_.ratio);
    const AxisMap map{1 / r, -grid_.phase / r};
    const AxisTaps rows = plan_taps(map, 0, grid_.rows, grid_.rows);
    const AxisTaps cols = plan_taps(map, 0, grid_.cols, grid_.cols);
    const Window w{rows.lowest, cols.lowest, rows.highest - rows.lowest + 1, cols.highest - cols.lowest + 1};
    const Tensor samples = cut(ms_, w, cell_rows_, cell_cols_);
    interpolate({w.row, w.col, w.rows, w.cols, grid_.bands, samples.span<float>().data()}, rows, cols, 1.0F,
                lms_.span<float>().data());
  }

  SceneGrid grid_;
  std::int64_t cell_rows_;
  std::int64_t cell_cols_;
  Tensor pan_;
  Tensor lms_;
  Tensor ms_;
  std::vector<std::uint8_t> valid_;
  std::vector<std::uint8_t> valid_ms_;
};

}  // namespace cf::test
