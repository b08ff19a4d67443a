#include "data/simulate/reducer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "data/simulate/resample.h"
#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf::simulate {
namespace {

constexpr std::int64_t kFilterReach = kMtfTaps / 2;
// Samples of the degraded MS around a window: more than interp23tap reaches.
constexpr std::int64_t kLmsMargin = 12;

std::int64_t floor_to(std::int64_t n, std::int64_t multiple) {
  return n >= 0 ? n / multiple * multiple : -((-n + multiple - 1) / multiple * multiple);
}

// (rows, cols, bands) interleaved to planes.
Planes planes_of(const std::vector<float>& samples, std::int64_t rows, std::int64_t cols, std::int64_t bands) {
  Planes out(rows, cols, bands);
  parallel_for(rows * cols, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = 0; b < bands; ++b) {
      for (std::int64_t p = begin; p < end; ++p)
        out.band(b)[p] = static_cast<double>(samples[static_cast<std::size_t>(p * bands + b)]);
    }
  });
  return out;
}

// Reads, marks what is invalid (`valid` stays empty where nothing is) and fills it.
Planes read_filled(RasterReader& raster, const NodataRule& rule, const Window& window, std::vector<std::uint8_t>& valid) {
  const auto bands = static_cast<std::int64_t>(raster.info().bands.size());
  std::vector<float> samples(static_cast<std::size_t>(window.pixels() * bands));
  raster.read(window, samples);
  valid.clear();
  if (rule.possible()) {
    valid.assign(static_cast<std::size_t>(window.pixels()), 1);
    if (rule.masked()) raster.read_mask(window, valid);
    if (rule.mark(samples, valid)) {
      valid.clear();
    } else {
      fill_nearest(samples, window.rows, window.cols, bands, valid, std::max(window.rows, window.cols));
    }
  }
  return planes_of(samples, window.rows, window.cols, bands);
}

Window clipped(std::int64_t row, std::int64_t row_end, std::int64_t col, std::int64_t col_end, const RasterInfo& raster) {
  row = std::max<std::int64_t>(0, row);
  col = std::max<std::int64_t>(0, col);
  return {row, col, std::min(row_end, raster.rows) - row, std::min(col_end, raster.cols) - col};
}

void round_to_dn(Planes& image) {
  for (double& v : image.data) v = std::clamp(std::round(v), 0.0, 65535.0);
}

// `inner`'s share of validity that was read for `outer`.
std::vector<std::uint8_t> cut_valid(const std::vector<std::uint8_t>& valid, const Window& outer, const Window& inner) {
  if (valid.empty()) return {};
  std::vector<std::uint8_t> out;
  for (std::int64_t y = inner.row; y < inner.row + inner.rows; ++y) {
    const auto from = valid.begin() + (y - outer.row) * outer.cols + inner.col - outer.col;
    out.insert(out.end(), from, from + inner.cols);
  }
  return out;
}

void merge_valid(std::vector<std::uint8_t>& valid, const std::vector<std::uint8_t>& other) {
  if (valid.empty()) {
    valid = other;
    return;
  }
  for (std::size_t i = 0; i < other.size(); ++i) valid[i] = valid[i] != 0 && other[i] != 0 ? 1 : 0;
}

Planes planes_of(const Tensor& image, std::int64_t rows, std::int64_t cols) {
  return to_planes(image.alias({rows, cols, image.dim(3)}), "simulate");
}

}  // namespace

Reducer::Reducer(Parts parts)
    : parts_(std::move(parts)), source_([this] {
        std::vector<std::int64_t> all(parts_.ms.info().bands.size());
        std::iota(all.begin(), all.end(), 0);
        return SceneSource::Parts{parts_.pan, parts_.ms, parts_.alignment, all, parts_.pan_nodata, parts_.ms_nodata, 1, false};
      }()) {}

Window Reducer::usable() const {
  const SceneAlignment& a = parts_.alignment;
  // MS pixels whose centres lie on PAN, from the first multiple of the ratio on.
  const auto range = [&](const AxisMap& map, std::int64_t pan_first, std::int64_t pan_count, std::int64_t ms_count) {
    const double first = map(-static_cast<double>(pan_first) - 0.5);
    const double last = map(static_cast<double>(pan_count - pan_first) - 0.5);
    auto begin = static_cast<std::int64_t>(std::ceil(first - 1e-6));
    const auto end = std::min(ms_count, static_cast<std::int64_t>(std::floor(last + 1e-6)) + 1);
    begin = -floor_to(-std::max<std::int64_t>(0, begin), a.ratio);
    return std::pair{begin, floor_to(std::max<std::int64_t>(0, end - begin), a.ratio)};
  };
  const auto [row, rows] = range(a.row, a.pan_row, a.pan_rows, a.ms_rows);
  const auto [col, cols] = range(a.col, a.pan_col, a.pan_cols, a.ms_cols);
  return {row, col, rows, cols};
}

Planes Reducer::pan_on_ms(const Window& window, std::vector<std::uint8_t>& valid) {
  const SceneAlignment& a = parts_.alignment;
  const RasterInfo& pan = parts_.pan.info();
  const auto centre = [](const AxisMap& map, std::int64_t first) {
    // The inverse: PAN's pixel under MS sample i.
    return AxisMap{1 / map.scale, -map.offset / map.scale + static_cast<double>(first)};
  };
  const AxisMap to_row = centre(a.row, a.pan_row);
  const AxisMap to_col = centre(a.col, a.pan_col);
  // Behind a filter of its own PAN is only interpolated.
  const bool filtered = parts_.pan_gain > 0;
  const ResampledAxis rows(to_row, window.row, window.rows, filtered ? 1 : a.row.scale, pan.rows);
  const ResampledAxis cols(to_col, window.col, window.cols, filtered ? 1 : a.col.scale, pan.cols);
  const std::int64_t margin = filtered ? kFilterReach : 0;
  const Window read =
      clipped(rows.lowest() - margin, rows.highest() + margin + 1, cols.lowest() - margin, cols.highest() + margin + 1, pan);
  std::vector<std::uint8_t> pan_valid;
  Planes fine = read_filled(parts_.pan, parts_.pan_nodata, read, pan_valid);
  if (filtered) fine = mtf_filter(fine, std::array{parts_.pan_gain}, a.ratio);
  if (!pan_valid.empty()) {
    valid.assign(static_cast<std::size_t>(window.pixels()), 1);
    const auto covered = [](const AxisMap& map, std::int64_t i, std::int64_t first, std::int64_t n) {
      const double u = map(static_cast<double>(i));
      return std::pair{std::max(first, static_cast<std::int64_t>(std::ceil(u - map.scale / 2 - 1e-6))),
                       std::min(first + n - 1, static_cast<std::int64_t>(std::floor(u + map.scale / 2 + 1e-6)))};
    };
    for (std::int64_t p = 0; p < window.pixels(); ++p) {
      const auto [top, bottom] = covered(to_row, window.row + p / window.cols, read.row, read.rows);
      const auto [left, right] = covered(to_col, window.col + p % window.cols, read.col, read.cols);
      for (std::int64_t y = top; y <= bottom; ++y) {
        for (std::int64_t x = left; x <= right; ++x) {
          if (pan_valid[static_cast<std::size_t>((y - read.row) * read.cols + x - read.col)] == 0)
            valid[static_cast<std::size_t>(p)] = 0;
        }
      }
    }
  }
  return resample(fine, read.row, read.col, rows, cols);
}

Planes Reducer::read_ms(const Window& window, std::vector<std::uint8_t>& valid) {
  return read_filled(parts_.ms, parts_.ms_nodata, window, valid);
}

// Samples `coarse` of the degraded MS, mirrored beyond the raster.
Planes Reducer::degraded(const Window& coarse) {
  const std::int64_t r = ratio();
  const RasterInfo& ms = parts_.ms.info();
  const auto inside = [&](std::int64_t first, std::int64_t n, std::int64_t length) {
    const std::int64_t all = length / r;
    const std::int64_t begin = std::max<std::int64_t>(0, first);
    const std::int64_t end = std::min(all, first + n);
    // What is mirrored into the window lies inside, too: windows hold more than the margin.
    return std::pair{begin, end - begin};
  };
  const auto [row, rows] = inside(coarse.row, coarse.rows, ms.rows);
  const auto [col, cols] = inside(coarse.col, coarse.cols, ms.cols);
  const Window read = clipped(floor_to(row * r - kFilterReach, r), (row + rows) * r + kFilterReach + 1,
                              floor_to(col * r - kFilterReach, r), (col + cols) * r + kFilterReach + 1, ms);
  std::vector<std::uint8_t> ignored;
  const Planes whole = mtf_filter(read_ms(read, ignored), parts_.gains, r, lms_decimation(r));
  Planes out(coarse.rows, coarse.cols, whole.bands);
  for (std::int64_t b = 0; b < out.bands; ++b) {
    for (std::int64_t p = 0; p < out.pixels(); ++p) {
      const std::int64_t y = mirrored(coarse.row + p / coarse.cols, ms.rows / r);
      const std::int64_t x = mirrored(coarse.col + p % coarse.cols, ms.cols / r);
      out.band(b)[p] = whole.at(y - read.row / r, x - read.col / r, b);
    }
  }
  if (parts_.whole_numbers) round_to_dn(out);
  return out;
}

WindowImages Reducer::reduce(const Window& window) {
  const std::int64_t r = ratio();
  check(window.row % r == 0 && window.col % r == 0 && window.rows % r == 0 && window.cols % r == 0,
        "simulate: a window of {} x {} MS pixels at {}, {} is no multiple of the ratio {}", window.rows, window.cols, window.row,
        window.col, r);
  WindowImages out;
  ReducedSet& set = out.images;
  set.gt = read_ms(window, out.valid);
  if (parts_.whole_numbers) round_to_dn(set.gt);
  std::vector<std::uint8_t> pan_valid;
  set.pan = pan_on_ms(window, pan_valid);
  merge_valid(out.valid, pan_valid);
  if (parts_.whole_numbers) round_to_dn(set.pan);
  const Window coarse{window.row / r - kLmsMargin, window.col / r - kLmsMargin, window.rows / r + 2 * kLmsMargin,
                      window.cols / r + 2 * kLmsMargin};
  const Planes wide = degraded(coarse);
  set.ms = wide.crop(kLmsMargin, kLmsMargin, window.rows / r, window.cols / r);
  set.lms = upsample_lms(wide, r).crop(kLmsMargin * r, kLmsMargin * r, window.rows, window.cols);
  return out;
}

std::vector<std::uint8_t> Reducer::valid_pixels(const Window& window) {
  std::vector<std::uint8_t> valid;
  if (!gaps()) return valid;
  read_ms(window, valid);
  std::vector<std::uint8_t> pan_valid;
  pan_on_ms(window, pan_valid);
  merge_valid(valid, pan_valid);
  return valid;
}

Window Reducer::cells_in(const Window& window) const {
  const SceneAlignment& a = parts_.alignment;
  // Whole cells only, at the far end of the area.
  const auto range = [&](const AxisMap& map, std::int64_t first, std::int64_t n, std::int64_t whole) {
    const double begin = (static_cast<double>(first) - 0.5 - map.offset) / map.scale;
    const double end = (static_cast<double>(first + n) - 0.5 - map.offset) / map.scale;
    const auto low = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(begin - 1e-6)));
    const auto high = std::min(whole, static_cast<std::int64_t>(std::ceil(end - 1e-6)));
    return std::pair{low, std::max<std::int64_t>(0, high - low)};
  };
  const auto [row, rows] = range(a.cell_row, window.row, window.rows, a.rows / a.ratio);
  const auto [col, cols] = range(a.cell_col, window.col, window.cols, a.cols / a.ratio);
  return {row, col, rows, cols};
}

WindowImages Reducer::observe(const Window& window) {
  const std::int64_t r = ratio();
  const Window core{window.row * r, window.col * r, window.rows * r, window.cols * r};
  const ScenePart part = source_.assemble(source_.read({core, kLmsMargin * r, r}));
  const Window& all = part.window;
  Planes fine = planes_of(part.pan, all.rows, all.cols);
  Planes coarse = planes_of(part.ms, all.rows / r, all.cols / r);
  if (parts_.whole_numbers) {
    round_to_dn(fine);
    round_to_dn(coarse);
  }
  WindowImages out;
  out.images.pan = fine.crop(core.row - all.row, core.col - all.col, core.rows, core.cols);
  out.images.ms = coarse.crop((core.row - all.row) / r, (core.col - all.col) / r, window.rows, window.cols);
  out.images.lms = upsample_lms(coarse, r).crop(core.row - all.row, core.col - all.col, core.rows, core.cols);
  const auto valid = part.valid.span<std::uint8_t>();
  out.valid = cut_valid({valid.begin(), valid.end()}, all, core);
  return out;
}

}  // namespace cf::simulate
