// Where the pixels of PAN, MS and the fused image lie, by the geotransforms of two rasters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/raster/raster.h"

namespace cf {

// Which part of the ground the output covers, always with PAN's pixels.
enum class Extent : std::uint8_t {
  intersection,  // PAN's pixels whose centres lie inside MS
  pan,           // all of PAN
  both           // PAN's pixels continued over all of MS, too ("union")
};

// Where LMS is placed.
enum class Phase : std::uint8_t {
  centred,  // by the geotransforms
  toolbox   // half a PAN pixel right of and below it, as the toolbox's interp23tap puts it; ratios that are powers of two
};

struct AlignOptions {
  Extent extent = Extent::intersection;
  Phase phase = Phase::centred;
  bool force = false;  // ratios that are no whole number are taken as the nearest one
};

// Along one axis: output pixel i is centred on MS sample `scale` i + `offset`, where whole numbers are centres of MS pixels.
struct AxisMap {
  double scale = 1;
  double offset = 0;

  double operator()(double i) const { return scale * i + offset; }
};

struct SceneAlignment {
  GeoTransform transform;  // of the output
  std::string crs;
  std::int64_t rows = 0;  // of the output
  std::int64_t cols = 0;
  // The output's first pixel is this one of PAN; negative where the output begins before it.
  std::int64_t pan_row = 0;
  std::int64_t pan_col = 0;
  std::int64_t pan_rows = 0;  // of PAN
  std::int64_t pan_cols = 0;
  std::int64_t ms_rows = 0;  // of MS
  std::int64_t ms_cols = 0;
  std::int64_t ratio = 0;
  double ratio_y = 0;  // as measured
  double ratio_x = 0;
  AxisMap row;  // centred: where pixels lie
  AxisMap col;
  AxisMap lms_row;  // where LMS is read, by the phase
  AxisMap lms_col;
  // Cells of ratio x ratio output pixels, from the first pixel on, to MS samples.
  AxisMap cell_row;
  AxisMap cell_col;
  // Whether cells are MS pixels; the first cell is this one.
  bool aligned = false;
  std::int64_t ms_row = 0;
  std::int64_t ms_col = 0;

  // Where MS's first corner lies along an axis (`row` or `col`), in output pixels from the output's first corner.
  static double ms_corner(const AxisMap& axis) { return (-0.5 - axis.offset) / axis.scale + 0.5; }
  std::int64_t cell_rows() const { return (rows + ratio - 1) / ratio; }
  std::int64_t cell_cols() const { return (cols + ratio - 1) / ratio; }
};

// Throws Error, with what to do, where a raster has no transform or is rotated, the CRS differ (with the gdalwarp command), MS is
// no coarser than PAN, the ratio is not within 1 % of a whole number along both axes, or they do not overlap.
SceneAlignment align(const RasterInfo& pan, const RasterInfo& ms, const AlignOptions& options = {});

// "ratio 4 (4.000 x 4.015), MS begins 1.5 pixels left of and 1.5 above the output"
std::string describe(const SceneAlignment& alignment);

// The MS pixels along one axis that positions begin .. end - 1 (mirrored into 0 .. length - 1) lie in, of n; -1: outside MS.
std::vector<std::int64_t> pixels_at(const AxisMap& map, std::int64_t begin, std::int64_t end, std::int64_t length,
                                    std::int64_t n);

// Index i of n mirrored into 0 .. n - 1, the edge's pixel repeated: ... 1 0 | 0 1 ... n-1 | n-1 ...
std::int64_t mirrored(std::int64_t i, std::int64_t n);

}  // namespace cf
