#include "data/scene/source.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf {
namespace {

// The diagonal of a square is longer than its side: a pixel that `halo` reaches has its nearest valid one within this.
std::int64_t diagonal(std::int64_t side) {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(side) * std::sqrt(2.0)));
}

std::int64_t floor_to(std::int64_t x, std::int64_t m) { return x >= 0 ? x / m * m : -((-x + m - 1) / m * m); }
std::int64_t ceil_to(std::int64_t x, std::int64_t m) { return -floor_to(-x, m); }

struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const { return end - begin; }
};

// The indices that [begin, end) have when mirrored into 0 .. n - 1.
Range mirrored_range(std::int64_t begin, std::int64_t end, std::int64_t n) {
  Range r{std::max<std::int64_t>(0, begin), std::min(end, n)};
  if (begin < 0) r = {0, std::max(r.end, std::min(n, -begin))};
  if (end > n) r = {std::min(r.begin, std::max<std::int64_t>(0, 2 * n - end)), n};
  if (r.begin < r.end) return r;
  return {0, n};  // wholly outside: rare, and the image is small beside it
}

Range widened(Range r, std::int64_t by, std::int64_t n) {
  return {std::max<std::int64_t>(0, r.begin - by), std::min(n, r.end + by)};
}

Window window_from(Range rows, Range cols) { return {rows.begin, cols.begin, rows.size(), cols.size()}; }

Window intersection(const Window& a, const Window& b) {
  const std::int64_t row = std::max(a.row, b.row);
  const std::int64_t col = std::max(a.col, b.col);
  return {row, col, std::max<std::int64_t>(0, std::min(a.row + a.rows, b.row + b.rows) - row),
          std::max<std::int64_t>(0, std::min(a.col + a.cols, b.col + b.cols) - col)};
}

// Copies (rows, cols, n) values of `part` into the image of window `whole`.
template <class T>
void paste(const std::vector<T>& values, const Window& part, std::vector<T>& image, const Window& whole, std::int64_t n) {
  for (std::int64_t y = 0; y < part.rows; ++y) {
    const auto from = values.begin() + y * part.cols * n;
    std::copy(from, from + part.cols * n, image.begin() + ((part.row - whole.row + y) * whole.cols + part.col - whole.col) * n);
  }
}

// Reads the mask, where there is one, and looks for nodata. Leaves `valid` empty where all are valid.
void mark(RasterReader& raster, const NodataRule& rule, const Window& window, RawImage& image) {
  if (!rule.possible()) return;
  image.valid.assign(static_cast<std::size_t>(window.pixels()), 1);
  if (rule.masked()) raster.read_mask(window, image.valid);
  if (rule.mark(image.samples, image.valid)) image.valid.clear();
}

bool none_inside(const std::vector<std::int64_t>& pixels) {
  return std::all_of(pixels.begin(), pixels.end(), [](std::int64_t p) { return p == -1; });
}

std::int64_t count_above(const float* samples, std::int64_t n, float scale) {
  std::int64_t above = 0;
  for (std::int64_t i = 0; i < n; ++i) above += samples[i] > scale ? 1 : 0;
  return above;
}

// Valid samples above the scale in a window of an image.
std::int64_t count_above(const RawImage& image, const Window& window, double scale) {
  const auto limit = static_cast<float>(scale);
  const Window w = intersection(window, image.window);
  std::int64_t above = 0;
  for (std::int64_t y = w.row; y < w.row + w.rows; ++y) {
    const std::int64_t first = (y - image.window.row) * image.window.cols + w.col - image.window.col;
    if (image.valid.empty()) {
      above += count_above(image.samples.data() + first * image.bands, w.cols * image.bands, limit);
      continue;
    }
    for (std::int64_t i = first; i < first + w.cols; ++i) {
      if (image.valid[static_cast<std::size_t>(i)] != 0)
        above += count_above(&image.samples[static_cast<std::size_t>(i * image.bands)], image.bands, limit);
    }
  }
  return above;
}

}  // namespace

SceneSource::SceneSource(Parts parts) : parts_(std::move(parts)) {
  const auto n = static_cast<std::int64_t>(parts_.ms.info().bands.size());
  std::vector<std::int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  all_bands_ = parts_.ms_bands == all;
  for (const std::int64_t band : parts_.ms_bands) {
    check(band >= 0 && band < n, "{}: there is no band {}, it has {}", parts_.ms.info().name, band + 1, n);
  }
  check(parts_.scale > 0 && std::isfinite(parts_.scale), "scene: the scale is {}, expected a positive number", parts_.scale);
}

SceneGrid SceneSource::grid() const {
  const SceneAlignment& a = parts_.alignment;
  SceneGrid grid;
  grid.rows = a.rows;
  grid.cols = a.cols;
  grid.ratio = a.ratio;
  grid.bands = static_cast<std::int64_t>(parts_.ms_bands.size());
  grid.pan_bands = static_cast<std::int64_t>(parts_.pan.info().bands.size());
  grid.scale = parts_.scale;
  const bool centred = a.lms_row.offset == a.row.offset;
  grid.phase = static_cast<double>(centred ? a.ratio - 1 : a.ratio) / 2;
  return grid;
}

Window SceneSource::window_of(const PartRequest& r) const {
  const std::int64_t m = std::lcm(r.multiple, parts_.alignment.ratio);
  const std::int64_t row = floor_to(r.core.row - r.halo, m);
  const std::int64_t col = floor_to(r.core.col - r.halo, m);
  return {row, col, ceil_to(r.core.row + r.core.rows + r.halo, m) - row, ceil_to(r.core.col + r.core.cols + r.halo, m) - col};
}

std::int64_t SceneSource::ms_reach(std::int64_t halo) const {
  return diagonal((halo + parts_.alignment.ratio - 1) / parts_.alignment.ratio + kLmsReach + 1);
}

std::int64_t SceneSource::raw_bytes(const PartRequest& r) const {
  const Window w = window_of(r);
  const auto bands = static_cast<std::int64_t>(parts_.ms.info().bands.size());
  const auto pan_bands = static_cast<std::int64_t>(parts_.pan.info().bands.size());
  const std::int64_t ratio = parts_.alignment.ratio;
  const std::int64_t pan_margin = parts_.pan_nodata.possible() ? 2 * diagonal(r.halo) : 0;
  const std::int64_t ms_margin = 2 * (kLmsReach + (parts_.ms_nodata.possible() ? ms_reach(r.halo) : 1));
  const std::int64_t pan = (w.rows + pan_margin) * (w.cols + pan_margin) * (4 * pan_bands + 1);
  // Filling remembers a row per pixel.
  const std::int64_t ms = (w.rows / ratio + ms_margin) * (w.cols / ratio + ms_margin) * (4 * bands + 5);
  return pan + ms + (w.rows + w.cols) * (8 + 4 * kLmsTaps);
}

std::int64_t SceneSource::part_bytes(const PartRequest& r) const {
  const Window w = window_of(r);
  const auto bands = static_cast<std::int64_t>(parts_.ms_bands.size());
  const auto pan_bands = static_cast<std::int64_t>(parts_.pan.info().bands.size());
  const std::int64_t ratio = parts_.alignment.ratio;
  const std::int64_t wide = (w.rows / ratio + 2 * kLmsReach) * w.cols * bands * 4;
  const std::int64_t cells = (w.rows / ratio + 2 * kLmsReach) * (w.cols / ratio + 2 * kLmsReach) * bands * 8;
  return w.pixels() * (4 * bands + 4 * pan_bands + 1) + wide + cells;
}

// Output pixels that lie on PAN.
bool SceneSource::on_pan(const Window& w) const {
  const SceneAlignment& a = parts_.alignment;
  return intersection(w, {-a.pan_row, -a.pan_col, a.pan_rows, a.pan_cols}) == w;
}

RawImage SceneSource::read_pan(const Window& window, std::int64_t reach) {
  const SceneAlignment& a = parts_.alignment;
  const Window scene{-a.pan_row, -a.pan_col, a.pan_rows, a.pan_cols};  // PAN in output pixels
  RawImage image;
  image.bands = static_cast<std::int64_t>(parts_.pan.info().bands.size());
  image.window = window;
  const auto read = [&](const Window& wanted, RawImage& into) {
    into.samples.resize(static_cast<std::size_t>(wanted.pixels() * image.bands));
    const Window in_pan{wanted.row + a.pan_row, wanted.col + a.pan_col, wanted.rows, wanted.cols};
    if (wanted.pixels() == 0) return;
    parts_.pan.read(in_pan, into.samples);
    mark(parts_.pan, parts_.pan_nodata, in_pan, into);
  };
  const Window inside = intersection(window, scene);
  if (inside == window) {
    read(window, image);
  } else {
    RawImage part;
    read(inside, part);
    if (part.valid.empty()) part.valid.assign(static_cast<std::size_t>(inside.pixels()), 1);
    image.samples.assign(static_cast<std::size_t>(window.pixels() * image.bands), 0.0F);
    image.valid.assign(static_cast<std::size_t>(window.pixels()), 0);
    if (inside.pixels() > 0) {
      paste(part.samples, inside, image.samples, window, image.bands);
      paste(part.valid, inside, image.valid, window, 1);
    }
  }
  if (image.valid.empty() || reach == 0) return image;
  const Window more = window_from(widened({window.row, window.row + window.rows}, reach, a.rows),
                                  widened({window.col, window.col + window.cols}, reach, a.cols));
  return more == window ? std::move(image) : read_pan(more, 0);
}

void SceneSource::read_ms_bands(const Window& window, std::vector<float>& out) {
  const auto pixels = static_cast<std::size_t>(window.pixels());
  const std::size_t bands = parts_.ms_bands.size();
  out.resize(pixels * bands);
  if (all_bands_) {
    parts_.ms.read(window, out);
    return;
  }
  const std::size_t n = parts_.ms.info().bands.size();
  scratch_.resize(pixels * n);
  parts_.ms.read(window, scratch_);
  for (std::size_t i = 0; i < pixels; ++i) {
    for (std::size_t b = 0; b < bands; ++b) out[i * bands + b] = scratch_[i * n + static_cast<std::size_t>(parts_.ms_bands[b])];
  }
}

RawImage SceneSource::read_ms(std::int64_t row, std::int64_t row_end, std::int64_t col, std::int64_t col_end,
                              std::int64_t reach) {
  const SceneAlignment& a = parts_.alignment;
  const Range rows = mirrored_range(row, row_end, a.ms_rows);
  const Range cols = mirrored_range(col, col_end, a.ms_cols);
  RawImage image;
  image.bands = static_cast<std::int64_t>(parts_.ms_bands.size());
  image.window = window_from(rows, cols);
  read_ms_bands(image.window, image.samples);
  mark(parts_.ms, parts_.ms_nodata, image.window, image);
  if (image.valid.empty()) return image;
  const Window more = window_from(widened(rows, reach, a.ms_rows), widened(cols, reach, a.ms_cols));
  if (more == image.window) return image;
  image.window = more;
  read_ms_bands(image.window, image.samples);
  mark(parts_.ms, parts_.ms_nodata, image.window, image);
  return image;
}

// MS pixels belong to the core whose pixels their centres lie on, so that each is counted once.
std::int64_t SceneSource::count_ms_above(const RawPart& part) const {
  const SceneAlignment& a = parts_.alignment;
  const auto first = [](const AxisMap& map, std::int64_t pixel) {
    return static_cast<std::int64_t>(std::ceil(map(static_cast<double>(pixel) - 0.5) - 1e-9));
  };
  const Window& c = part.core;
  const std::int64_t row = first(a.row, c.row);
  const std::int64_t col = first(a.col, c.col);
  return count_above(part.ms, {row, col, first(a.row, c.row + c.rows) - row, first(a.col, c.col + c.cols) - col}, parts_.scale);
}

RawPart SceneSource::read(const PartRequest& request) {
  const SceneAlignment& a = parts_.alignment;
  RawPart part;
  part.window = window_of(request);
  part.core = request.core;
  part.pan_reach = diagonal(request.halo);
  part.ms_reach = ms_reach(request.halo);
  const Window& w = part.window;
  part.outside = none_inside(pixels_at(a.row, part.core.row, part.core.row + part.core.rows, a.rows, a.ms_rows)) ||
                 none_inside(pixels_at(a.col, part.core.col, part.core.col + part.core.cols, a.cols, a.ms_cols));
  if (part.outside) return part;
  part.lms_row = plan_taps(a.lms_row, w.row, w.row + w.rows, a.rows);
  part.lms_col = plan_taps(a.lms_col, w.col, w.col + w.cols, a.cols);
  part.cell_row = plan_taps(a.cell_row, w.row / a.ratio, (w.row + w.rows) / a.ratio, a.cell_rows());
  part.cell_col = plan_taps(a.cell_col, w.col / a.ratio, (w.col + w.cols) / a.ratio, a.cell_cols());
  const Range rows = mirrored_range(w.row, w.row + w.rows, a.rows);
  const Range cols = mirrored_range(w.col, w.col + w.cols, a.cols);
  part.with_pan = request.pan;
  part.with_ms = request.ms;
  part.pan.window = window_from(rows, cols);
  if (request.pan || parts_.count_above || parts_.pan_nodata.possible() || !on_pan(part.pan.window)) {
    part.pan = read_pan(part.pan.window, part.pan_reach);
  }
  part.ms =
      read_ms(std::min(part.lms_row.lowest, part.cell_row.lowest), std::max(part.lms_row.highest, part.cell_row.highest) + 1,
              std::min(part.lms_col.lowest, part.cell_col.lowest), std::max(part.lms_col.highest, part.cell_col.highest) + 1,
              ms_reach(request.halo));
  if (!parts_.count_above) return part;
  part.pan_above = count_above(part.pan, part.core, parts_.scale);
  part.ms_above = count_ms_above(part);
  return part;
}

}  // namespace cf
