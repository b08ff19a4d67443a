#include "data/measure/rasters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "data/measure/full_sums.h"
#include "data/measure/reduced_sums.h"
#include "framework/core/check.h"

namespace cf::measure {
namespace {

constexpr std::int64_t kMtfReach = kMtfTaps / 2;
// Cells around a core: more than any interpolation of LMS reaches, and than the antialiasing of imresize.
constexpr std::int64_t kLmsMargin = 12;
constexpr std::int64_t kShrinkMargin = 3;

Planes planes_of(const float* samples, std::int64_t rows, std::int64_t cols, std::int64_t bands) {
  Planes out(rows, cols, bands);
  for (std::int64_t b = 0; b < bands; ++b) {
    for (std::int64_t p = 0; p < rows * cols; ++p) out.band(b)[p] = static_cast<double>(samples[p * bands + b]);
  }
  return out;
}

// A window's samples, gaps filled from the nearest pixels; `valid` is empty where there are none.
Planes read_window(const MeasuredRaster& raster, const Window& window, Validity& valid) {
  const auto bands = static_cast<std::int64_t>(raster.reader.info().bands.size());
  std::vector<float> samples(static_cast<std::size_t>(window.pixels() * bands));
  raster.reader.read(window, samples);
  valid.clear();
  if (raster.nodata.possible()) {
    valid.assign(static_cast<std::size_t>(window.pixels()), 1);
    if (raster.nodata.masked()) raster.reader.read_mask(window, valid);
    if (raster.nodata.mark(samples, valid)) {
      valid.clear();
    } else {
      fill_nearest(samples, window.rows, window.cols, bands, valid, 2 * kMtfReach);
    }
  }
  return planes_of(samples.data(), window.rows, window.cols, bands);
}

void clip(Planes& image, const QualityOptions& o) {
  if (!o.clip) return;
  for (double& v : image.data) v = std::clamp(v, 0.0, o.peak + 1);
}

Validity both(Validity a, const Validity& b) {
  if (a.empty()) return b;
  for (std::size_t i = 0; i < b.size(); ++i) a[i] = a[i] != 0 && b[i] != 0 ? 1 : 0;
  return a;
}

// What the toolbox's dim_cut leaves of n pixels.
Window cropped(std::int64_t rows, std::int64_t cols, std::int64_t cut) {
  if (cut == 0) return {0, 0, rows, cols};
  check(2 * cut < rows && 2 * cut < cols, "metrics: a crop of {} leaves nothing of an image of {} x {}", cut, rows, cols);
  return {cut - 1, cut - 1, rows - 2 * cut + 1, cols - 2 * cut + 1};
}

void check_same_place(const RasterInfo& a, const RasterInfo& b) {
  check(a.rows == b.rows && a.cols == b.cols && a.bands.size() == b.bands.size(),
        "{} is {} x {} with {} bands, {} is {} x {} with {}; metrics compare images of one size", a.name, a.rows, a.cols,
        a.bands.size(), b.name, b.rows, b.cols, b.bands.size());
  if (!a.crs.empty() && !b.crs.empty()) {
    check(same_crs(a.crs, b.crs), "{} is in {}, {} in {}; bring one onto the other's grid with gdalwarp", a.name, crs_name(a.crs),
          b.name, crs_name(b.crs));
  }
  if (!a.transform || !b.transform) return;
  constexpr double kSame = 1e-2;  // of a pixel
  const GeoTransform& s = *a.transform;
  const GeoTransform& t = *b.transform;
  const auto apart = [&](double origin_a, double origin_b, double step_a, double step_b, std::int64_t n) {
    const double first = (origin_b - origin_a) / step_a;
    const double last = first + static_cast<double>(n) * (step_b / step_a - 1);
    return std::abs(first) > kSame || std::abs(last) > kSame;
  };
  check(!apart(s.origin_x, t.origin_x, s.step_x, t.step_x, a.cols) && !apart(s.origin_y, t.origin_y, s.step_y, t.step_y, a.rows),
        "{} and {} are not on one grid: first corners at {:.10g}, {:.10g} and {:.10g}, {:.10g}, pixels of {:g} x {:g} and {:g} x "
        "{:g}",
        a.name, b.name, s.origin_x, s.origin_y, t.origin_x, t.origin_y, s.step_x, s.step_y, t.step_x, t.step_y);
}

Window widened(const Window& core, std::int64_t by, std::int64_t rows, std::int64_t cols) {
  const std::int64_t row = std::max<std::int64_t>(0, core.row - by);
  const std::int64_t col = std::max<std::int64_t>(0, core.col - by);
  return {row, col, std::min(rows, core.row + core.rows + by) - row, std::min(cols, core.col + core.cols + by) - col};
}

// The scene's images, window by window.
class SceneImages {
 public:
  SceneImages(SceneSource& source, double scale) : source_(source), grid_(source.grid()), scale_(scale) {}

  // Fills the tile's lms, pan, low_pan and valid for a core that begins at whole cells.
  void fill(const Window& core, FullTile& tile) {
    const std::int64_t r = grid_.ratio;
    const bool toolbox = grid_.phase == static_cast<double>(r) / 2 && is_power_of_two(r);
    const std::optional<ScenePart> found = part_of(core, toolbox ? 0 : (kLmsMargin + kShrinkMargin + 1) * r);
    if (!found) {
      tile.pan = tile.low_pan = Planes(core.rows, core.cols, 1);
      tile.lms = Planes(core.rows, core.cols, grid_.bands);
      tile.valid.assign(static_cast<std::size_t>(core.pixels()), 0);
      return;
    }
    const ScenePart& part = *found;
    const Window inner{core.row - part.window.row, core.col - part.window.col, core.rows, core.cols};
    tile.pan = mean_band(dn_of(part.pan)).crop(inner.row, inner.col, inner.rows, inner.cols);
    const auto valid = part.valid.span<std::uint8_t>();
    for (std::int64_t y = 0; y < core.rows; ++y) {
      const auto from = valid.begin() + (inner.row + y) * part.window.cols + inner.col;
      tile.valid.insert(tile.valid.end(), from, from + core.cols);
    }
    if (toolbox) {
      fill_toolbox(core, tile);
      return;
    }
    tile.lms = dn_of(part.lms).crop(inner.row, inner.col, inner.rows, inner.cols);
    tile.low_pan = interpolated(part, core);
  }

 private:
  ScenePart part_of(const Window& core, std::int64_t halo) { return source_.assemble(source_.read({core, halo, grid_.ratio})); }

  Planes dn_of(const Tensor& image) const {
    Planes out = planes_of(image.span<float>().data(), image.dim(1), image.dim(2), image.dim(3));
    if (scale_ != 1) {
      for (double& v : out.data) v *= scale_;
    }
    return out;
  }

  static Planes mean_band(const Planes& image) {
    Planes out(image.rows, image.cols, 1);
    for (std::int64_t b = 0; b < image.bands; ++b) {
      for (std::int64_t p = 0; p < image.pixels(); ++p) out.data[static_cast<std::size_t>(p)] += image.band(b)[p];
    }
    for (double& v : out.data) v /= static_cast<double>(image.bands);
    return out;
  }

  // Cells of MS, and of PAN made as small, of cells inside the scene.
  struct Cells {
    Planes ms;
    Planes pan;
  };
  Cells cells_inside(const Window& cells) {
    const std::int64_t r = grid_.ratio;
    const Window core{cells.row * r, cells.col * r, cells.rows * r, cells.cols * r};
    const std::optional<ScenePart> found = part_of(core, kShrinkMargin * r);
    if (!found) return {Planes(cells.rows, cells.cols, grid_.bands), Planes(cells.rows, cells.cols, 1)};
    const ScenePart& part = *found;
    const Window inner{cells.row - part.window.row / r, cells.col - part.window.col / r, cells.rows, cells.cols};
    const Planes low = imresize(mean_band(dn_of(part.pan)), 1.0 / static_cast<double>(r));
    return {dn_of(part.ms).crop(inner.row, inner.col, inner.rows, inner.cols),
            low.crop(inner.row, inner.col, inner.rows, inner.cols)};
  }

  // Cells of a window that reaches around the scene, as interp23tap does.
  Cells cells_around(const Window& window) {
    const std::int64_t rows = grid_.rows / grid_.ratio;
    const std::int64_t cols = grid_.cols / grid_.ratio;
    Cells out{Planes(window.rows, window.cols, grid_.bands), Planes(window.rows, window.cols, 1)};
    const auto wrapped = [](std::int64_t i, std::int64_t n) { return ((i % n) + n) % n; };
    for (std::int64_t y = 0; y < window.rows;) {
      const std::int64_t row = wrapped(window.row + y, rows);
      const std::int64_t height = std::min(window.rows - y, rows - row);
      for (std::int64_t x = 0; x < window.cols;) {
        const std::int64_t col = wrapped(window.col + x, cols);
        const std::int64_t width = std::min(window.cols - x, cols - col);
        const Cells piece = cells_inside({row, col, height, width});
        paste(piece.ms, y, x, out.ms);
        paste(piece.pan, y, x, out.pan);
        x += width;
      }
      y += height;
    }
    return out;
  }

  static void paste(const Planes& piece, std::int64_t y, std::int64_t x, Planes& image) {
    for (std::int64_t b = 0; b < piece.bands; ++b) {
      for (std::int64_t r = 0; r < piece.rows; ++r) {
        std::copy_n(piece.band(b) + r * piece.cols, piece.cols, image.band(b) + (y + r) * image.cols + x);
      }
    }
  }

  void fill_toolbox(const Window& core, FullTile& tile) {
    const std::int64_t r = grid_.ratio;
    const std::int64_t margin = kLmsMargin;
    const Cells cells = cells_around({core.row / r - margin, core.col / r - margin, (core.rows + r - 1) / r + 2 * margin,
                                      (core.cols + r - 1) / r + 2 * margin});
    tile.lms = upsample_lms(cells.ms, r).crop(margin * r, margin * r, core.rows, core.cols);
    tile.low_pan = upsample_lms(cells.pan, r).crop(margin * r, margin * r, core.rows, core.cols);
  }

  // PAN made as small as MS and brought back as a scene's LMS is.
  Planes interpolated(const ScenePart& part, const Window& core) const {
    const std::int64_t r = grid_.ratio;
    const Planes low = imresize(mean_band(dn_of(part.pan)), 1.0 / static_cast<double>(r));
    const std::vector<float> samples(low.data.begin(), low.data.end());
    const AxisMap map{1 / static_cast<double>(r), -grid_.phase / static_cast<double>(r)};
    const AxisTaps rows = plan_taps(map, core.row, core.row + core.rows, grid_.rows);
    const AxisTaps cols = plan_taps(map, core.col, core.col + core.cols, grid_.cols);
    std::vector<float> out(static_cast<std::size_t>(core.pixels()));
    interpolate({part.window.row / r, part.window.col / r, low.rows, low.cols, 1, samples.data()}, rows, cols, 1.0F, out.data());
    return planes_of(out.data(), core.rows, core.cols, 1);
  }

  SceneSource& source_;
  SceneGrid grid_;
  double scale_;
};

}  // namespace

Measurement measure_reduced(const MeasuredRaster& fused, const MeasuredRaster& reference, const MeasureOptions& options) {
  const RasterInfo& info = reference.reader.info();
  check_same_place(fused.reader.info(), info);
  const Window area = cropped(info.rows, info.cols, options.quality.crop);
  ReducedSums sums(area.rows, area.cols, std::ssize(info.bands), options.quality);
  const auto cores = cut_cores(area.rows, area.cols, std::max<std::int64_t>(1, options.tile / kBlock) * kBlock);
  std::int64_t done = 0;
  for (const Window& core : cores) {
    const Window tile = widened(core, ReducedSums::kHalo, area.rows, area.cols);
    const Window in_raster{tile.row + area.row, tile.col + area.col, tile.rows, tile.cols};
    Validity valid_f;
    Validity valid_g;
    Planes f = read_window(fused, in_raster, valid_f);
    const Planes g = read_window(reference, in_raster, valid_g);
    clip(f, options.quality);
    sums.add(g, f, both(std::move(valid_f), valid_g), tile, core);
    options.progress(++done, std::ssize(cores));
  }
  return {sums.metrics(), area.rows, area.cols, sums.pixels()};
}

Measurement measure_full(const MeasuredRaster& fused, SceneSource& scene, const MeasureOptions& options) {
  const SceneGrid grid = scene.grid();
  const RasterInfo& info = fused.reader.info();
  check(info.rows == grid.rows && info.cols == grid.cols && std::ssize(info.bands) == grid.bands,
        "{} is {} x {} with {} bands, the scene {} x {} with {}", info.name, info.rows, info.cols, info.bands.size(), grid.rows,
        grid.cols, grid.bands);
  const std::int64_t r = grid.ratio;
  const std::int64_t rows = grid.rows / r * r;
  const std::int64_t cols = grid.cols / r * r;
  const auto gains = options.gains.empty() ? mtf_gains(mtf_sensor(options.quality), grid.bands) : options.gains;
  FullSums sums(grid.bands, options.quality);
  SceneImages images(scene, grid.scale);
  const std::int64_t unit = std::lcm(kBlock, r);
  const auto cores = cut_cores(rows, cols, std::max<std::int64_t>(1, options.tile / unit) * unit);
  Measurement result{{}, rows, cols, 0};
  std::int64_t done = 0;
  for (const Window& core : cores) {
    FullTile tile;
    images.fill(core, tile);
    const Window around = widened(core, kMtfReach, rows, cols);
    Validity valid;
    Planes f = read_window(fused, around, valid);
    clip(f, options.quality);
    const Window inner{core.row - around.row, core.col - around.col, core.rows, core.cols};
    tile.smooth = mtf_filter(f, gains, r).crop(inner.row, inner.col, inner.rows, inner.cols);
    tile.fused = f.crop(inner.row, inner.col, inner.rows, inner.cols);
    for (std::int64_t p = 0; p < core.pixels() && !valid.empty(); ++p) {
      const std::int64_t at = (inner.row + p / core.cols) * around.cols + inner.col + p % core.cols;
      if (valid[static_cast<std::size_t>(at)] == 0) tile.valid[static_cast<std::size_t>(p)] = 0;
    }
    result.pixels += std::count(tile.valid.begin(), tile.valid.end(), std::uint8_t{1});
    sums.add(tile);
    options.progress(++done, std::ssize(cores));
  }
  result.metrics = sums.metrics();
  return result;
}

}  // namespace cf::measure
