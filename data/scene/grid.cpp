#include "data/scene/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/check.h"

namespace cf {
namespace {

constexpr double kRatioTolerance = 0.01;
// Positions closer than this, in pixels, are the same: geotransforms are decimal fractions of large coordinates.
constexpr double kSame = 1e-3;
// The largest ratio that anything in here is made for.
constexpr double kLargestRatio = 64;

void check_transform(const RasterInfo& raster, const char* role) {
  check(!raster.rotated,
        "{}: {} is rotated, sheared or placed by ground control points; make it north-up first: gdalwarp '{}' north_up.tif",
        raster.name, role, raster.name);
  check(raster.transform.has_value(),
        "{}: {} has no geotransform, so it is unknown where it lies; give it one with gdal_edit.py -a_ullr ULX ULY LRX LRY '{}'",
        raster.name, role, raster.name);
  const GeoTransform& t = *raster.transform;
  check(std::isfinite(t.origin_x) && std::isfinite(t.origin_y) && std::isfinite(t.step_x) && std::isfinite(t.step_y) &&
            t.step_x != 0 && t.step_y != 0,
        "{}: the geotransform of {} is no position: origin ({}, {}), pixels of {} x {}", raster.name, role, t.origin_x,
        t.origin_y, t.step_x, t.step_y);
  check(raster.rows > 0 && raster.cols > 0, "{}: {} is empty", raster.name, role);
}

void check_crs(const RasterInfo& pan, const RasterInfo& ms) {
  if (pan.crs.empty() && ms.crs.empty()) return;
  const auto named = [](const std::string& crs) { return crs.empty() ? std::string("no CRS") : crs_name(crs); };
  check(!pan.crs.empty() && !ms.crs.empty(), "{} has {}, {} has {}; if they are the same, say so: gdal_edit.py -a_srs {} '{}'",
        pan.name, named(pan.crs), ms.name, named(ms.crs), named(pan.crs.empty() ? ms.crs : pan.crs),
        pan.crs.empty() ? pan.name : ms.name);
  if (same_crs(pan.crs, ms.crs)) return;
  fail("MS is in {} and PAN in {}; bring MS into PAN's: gdalwarp -t_srs {} -r cubic -et 0 '{}' ms_in_pan_crs.tif", named(ms.crs),
       named(pan.crs), named(pan.crs), ms.name);
}

void check_directions(const RasterInfo& pan, const RasterInfo& ms) {
  const bool same =
      (pan.transform->step_x > 0) == (ms.transform->step_x > 0) && (pan.transform->step_y > 0) == (ms.transform->step_y > 0);
  check(same, "{} and {} run in opposite directions (pixels of {} x {} and {} x {}); make both north-up with gdalwarp", pan.name,
        ms.name, pan.transform->step_x, pan.transform->step_y, ms.transform->step_x, ms.transform->step_y);
}

std::int64_t find_ratio(const RasterInfo& pan, const RasterInfo& ms, double ratio_y, double ratio_x, bool force) {
  const auto mean = std::round(std::sqrt(ratio_x * ratio_y));
  const std::string sizes =
      fmt::format("pixels of {:.6g} x {:.6g} in PAN and {:.6g} x {:.6g} in MS", std::abs(pan.transform->step_x),
                  std::abs(pan.transform->step_y), std::abs(ms.transform->step_x), std::abs(ms.transform->step_y));
  check(ratio_x > 1 - kRatioTolerance && ratio_y > 1 - kRatioTolerance, "MS is finer than PAN ({}); are --pan and --ms swapped?",
        sizes);
  check(mean >= 2, "MS is as fine as PAN ({}): there is nothing to sharpen", sizes);
  check(ratio_x < kLargestRatio && ratio_y < kLargestRatio,
        "one MS pixel covers {:.1f} x {:.1f} PAN pixels ({}), more than {:.0f}", ratio_x, ratio_y, sizes, kLargestRatio);
  const auto near = [&](double r) { return std::abs(r / mean - 1) <= kRatioTolerance; };
  check(
      force || (near(ratio_x) && near(ratio_y)),
      "the ratio of MS to PAN is {:.4f} x {:.4f} ({}), not within 1 % of a whole number; --force takes it as {:.0f}, or resample "
      "MS with gdalwarp -tr",
      ratio_x, ratio_y, sizes, mean);
  return static_cast<std::int64_t>(mean);
}

// One axis of the output: its pixels are PAN's `first` .. `first + count`.
struct AxisRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

// `edge`: MS's first edge in PAN pixels, `length`: MS's length in PAN pixels.
AxisRange cover(Extent extent, std::int64_t pan, double edge, double length) {
  const auto whole = [](double x) { return static_cast<std::int64_t>(x); };
  // Centres i + 1/2 inside [edge, edge + length).
  const std::int64_t ms_first = whole(std::ceil(edge - 0.5 - kSame));
  const std::int64_t ms_end = whole(std::ceil(edge + length - 0.5 - kSame));
  if (extent == Extent::pan) return {0, pan};
  const bool all = extent == Extent::both;
  const std::int64_t first = all ? std::min<std::int64_t>(0, ms_first) : std::max<std::int64_t>(0, ms_first);
  const std::int64_t end = all ? std::max(pan, ms_end) : std::min(pan, ms_end);
  return {first, end - first};
}

// Output pixels to MS samples.
AxisMap map_axis(double pan_origin, double pan_step, double ms_origin, double ms_step, std::int64_t first) {
  const double ratio = ms_step / pan_step;
  AxisMap map;
  map.scale = 1 / ratio;
  map.offset = (pan_origin - ms_origin) / ms_step + (static_cast<double>(first) + 0.5) / ratio - 0.5;
  return map;
}

AxisMap of_cells(const AxisMap& pixels, std::int64_t ratio) {
  const auto r = static_cast<double>(ratio);
  return {pixels.scale * r, pixels((r - 1) / 2)};
}

// Whether the cells 0 .. count are samples, within kSame.
bool on_samples(const AxisMap& cells, std::int64_t count) {
  const double last = cells(static_cast<double>(count - 1));
  return std::abs(cells.offset - std::round(cells.offset)) < kSame &&
         std::abs(last - std::round(cells.offset) - static_cast<double>(count - 1)) < kSame;
}

void place_lms(SceneAlignment& a, Phase phase) {
  a.lms_row = a.row;
  a.lms_col = a.col;
  if (phase == Phase::centred) return;
  check(a.ratio > 0 && (a.ratio & (a.ratio - 1)) == 0,
        "--phase toolbox: the toolbox interpolates by powers of two, the ratio is {}; leave the phase centred", a.ratio);
  a.lms_row.offset -= a.row.scale / 2;
  a.lms_col.offset -= a.col.scale / 2;
}

void check_overlap(const RasterInfo& pan, const RasterInfo& ms) {
  const GeoTransform& p = *pan.transform;
  const GeoTransform& m = *ms.transform;
  const auto box = [](const GeoTransform& t, const RasterInfo& r) {
    return fmt::format("x {:.10g} .. {:.10g}, y {:.10g} .. {:.10g}", t.origin_x,
                       t.origin_x + t.step_x * static_cast<double>(r.cols), t.origin_y,
                       t.origin_y + t.step_y * static_cast<double>(r.rows));
  };
  const AxisRange rows = cover(Extent::intersection, pan.rows, (m.origin_y - p.origin_y) / p.step_y,
                               static_cast<double>(ms.rows) * m.step_y / p.step_y);
  const AxisRange cols = cover(Extent::intersection, pan.cols, (m.origin_x - p.origin_x) / p.step_x,
                               static_cast<double>(ms.cols) * m.step_x / p.step_x);
  check(rows.count > 0 && cols.count > 0, "PAN and MS do not overlap: {} covers {}; {} covers {}", pan.name, box(p, pan), ms.name,
        box(m, ms));
}

}  // namespace

SceneAlignment align(const RasterInfo& pan, const RasterInfo& ms, const AlignOptions& options) {
  check_transform(pan, "PAN");
  check_transform(ms, "MS");
  check_crs(pan, ms);
  check_directions(pan, ms);
  const GeoTransform& p = *pan.transform;
  const GeoTransform& m = *ms.transform;
  SceneAlignment a;
  a.ratio_y = m.step_y / p.step_y;
  a.ratio_x = m.step_x / p.step_x;
  a.ratio = find_ratio(pan, ms, a.ratio_y, a.ratio_x, options.force);
  check_overlap(pan, ms);
  const AxisRange rows =
      cover(options.extent, pan.rows, (m.origin_y - p.origin_y) / p.step_y, static_cast<double>(ms.rows) * a.ratio_y);
  const AxisRange cols =
      cover(options.extent, pan.cols, (m.origin_x - p.origin_x) / p.step_x, static_cast<double>(ms.cols) * a.ratio_x);
  a.rows = rows.count;
  a.cols = cols.count;
  a.pan_row = rows.first;
  a.pan_col = cols.first;
  a.pan_rows = pan.rows;
  a.pan_cols = pan.cols;
  a.ms_rows = ms.rows;
  a.ms_cols = ms.cols;
  a.crs = pan.crs.empty() ? ms.crs : pan.crs;
  a.transform = p;
  a.transform.origin_x += static_cast<double>(cols.first) * p.step_x;
  a.transform.origin_y += static_cast<double>(rows.first) * p.step_y;
  a.row = map_axis(p.origin_y, p.step_y, m.origin_y, m.step_y, rows.first);
  a.col = map_axis(p.origin_x, p.step_x, m.origin_x, m.step_x, cols.first);
  a.cell_row = of_cells(a.row, a.ratio);
  a.cell_col = of_cells(a.col, a.ratio);
  a.aligned = on_samples(a.cell_row, a.cell_rows()) && on_samples(a.cell_col, a.cell_cols());
  if (a.aligned) {
    a.ms_row = static_cast<std::int64_t>(std::round(a.cell_row.offset));
    a.ms_col = static_cast<std::int64_t>(std::round(a.cell_col.offset));
    // Exactly, so that LMS has the toolbox's weights to the last digit.
    const auto r = static_cast<double>(a.ratio);
    a.row = {1 / r, static_cast<double>(a.ms_row) - (r - 1) / (2 * r)};
    a.col = {1 / r, static_cast<double>(a.ms_col) - (r - 1) / (2 * r)};
    a.cell_row = of_cells(a.row, a.ratio);
    a.cell_col = of_cells(a.col, a.ratio);
  }
  place_lms(a, options.phase);
  return a;
}

std::string describe(const SceneAlignment& a) {
  std::string text = fmt::format("ratio {} ({:.4f} x {:.4f})", a.ratio, a.ratio_x, a.ratio_y);
  if (a.aligned) return text + ", grids aligned";
  return text + fmt::format(", MS begins at column {:.2f}, row {:.2f} of the output", a.ms_corner(a.col), a.ms_corner(a.row));
}

std::vector<std::int64_t> pixels_at(const AxisMap& map, std::int64_t begin, std::int64_t end, std::int64_t length,
                                    std::int64_t n) {
  std::vector<std::int64_t> pixels;
  for (std::int64_t i = begin; i < end; ++i) {
    // A pixel on the edge between two belongs to the second, whatever rounding says.
    const double edge = map(static_cast<double>(mirrored(i, length))) + 0.5 + 1e-6;
    const auto p = static_cast<std::int64_t>(std::floor(edge));
    pixels.push_back(p < 0 || p >= n ? -1 : p);
  }
  return pixels;
}

std::int64_t mirrored(std::int64_t i, std::int64_t n) {
  const std::int64_t period = 2 * n;
  const std::int64_t folded = ((i % period) + period) % period;
  return folded < n ? folded : period - 1 - folded;
}

}  // namespace cf
