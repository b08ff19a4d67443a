// Where PAN, MS and the output lie.
#include <doctest/doctest.h>

#include "data/scene/grid.h"
#include "tests/data/memory_raster.h"
#include "tests/harness/temp_folder.h"

namespace cf::test {
namespace {

RasterInfo pan_at(double x, double y, std::int64_t rows = 64, std::int64_t cols = 64, double step = 0.5) {
  return raster_info(rows, cols, 1, {x, y, step, -step});
}
RasterInfo ms_at(double x, double y, std::int64_t rows = 16, std::int64_t cols = 16, double step = 2) {
  return raster_info(rows, cols, 4, {x, y, step, -step});
}

TEST_CASE("scene grid: aligned rasters") {
  const SceneAlignment a = align(pan_at(1000, 5000), ms_at(1000, 5000));
  CHECK(a.rows == 64);
  CHECK(a.cols == 64);
  CHECK(a.ratio == 4);
  CHECK(a.aligned);
  CHECK(a.transform == GeoTransform{1000, 5000, 0.5, -0.5});
  // The centre of pixel 0 lies 3/8 of an MS pixel before the centre of MS pixel 0.
  CHECK(a.row(0) == -0.375);
  CHECK(a.col(5) == 0.875);
  CHECK(a.cell_row(3) == 3);
  CHECK(a.ms_corner(a.row) == 0);
  const SceneAlignment toolbox = align(pan_at(1000, 5000), ms_at(1000, 5000), {.phase = Phase::toolbox});
  CHECK(toolbox.lms_row(4 * 3 + 2) == 3);
  CHECK(toolbox.row(0) == -0.375);
}

TEST_CASE("scene grid: extents that differ by parts of an MS pixel") {
  // MS begins one PAN pixel right of and below PAN, and ends beyond it.
  const RasterInfo pan = pan_at(1000, 5000);
  const RasterInfo ms = ms_at(1000.5, 4999.5);
  const SceneAlignment inside = align(pan, ms);
  CHECK(inside.pan_row == 1);
  CHECK(inside.rows == 63);
  CHECK(inside.transform.origin_x == 1000.5);
  CHECK(inside.transform.origin_y == 4999.5);
  CHECK(inside.aligned);
  const SceneAlignment pans = align(pan, ms, {.extent = Extent::pan});
  CHECK(pans.rows == 64);
  CHECK(pans.pan_col == 0);
  CHECK(!pans.aligned);
  CHECK(pans.ms_corner(pans.row) == doctest::Approx(1));
  CHECK(pixels_at(pans.col, 0, 6, 64, 16) == std::vector<std::int64_t>{-1, 0, 0, 0, 0, 1});
  const SceneAlignment both = align(pan, ms, {.extent = Extent::both});
  CHECK(both.rows == 65);
  CHECK(both.pan_row == 0);
  const SceneAlignment before = align(pan, ms_at(999.5, 5000.5), {.extent = Extent::both});
  CHECK(before.pan_row == -1);
  CHECK(before.rows == 65);
  CHECK(before.transform.origin_x == 999.5);
}

TEST_CASE("scene grid: sub-pixel origins and unequal pixels") {
  // As Landsat delivers it: ratio 2, PAN half a PAN pixel inside MS; the last column's centre lies on MS's edge.
  const SceneAlignment landsat = align(pan_at(7.5, -7.5, 375, 558, 15), ms_at(0, 0, 187, 279, 30));
  CHECK(landsat.ratio == 2);
  CHECK(landsat.cols == 557);
  CHECK(landsat.rows == 373);
  CHECK(!landsat.aligned);
  CHECK(landsat.col(0) == doctest::Approx(0.0));
  // As the other scene: ratios 4.015 and 4.015 within 1 % of 4.
  const RasterInfo pan = raster_info(800, 800, 1, {732114.75, 3841233.25, 0.498125057284382, -0.500624779725097});
  const RasterInfo ms = raster_info(200, 200, 4, {732114, 3841234, 2, -2.009999748750031});
  const SceneAlignment vhr = align(pan, ms);
  CHECK(vhr.ratio == 4);
  CHECK(vhr.ratio_y == doctest::Approx(4.015).epsilon(1e-4));
  CHECK(vhr.rows == 800);
  CHECK(vhr.cols == 800);
  CHECK(!vhr.aligned);
  CHECK(describe(vhr).starts_with("ratio 4 (4.0151 x 4.0150), MS begins at column -1.51, row -1.50"));
}

TEST_CASE("scene grid: what is refused") {
  const RasterInfo pan = pan_at(1000, 5000);
  const auto error = [&](const RasterInfo& p, const RasterInfo& m, const AlignOptions& options = {}) {
    return error_of([&] { (void)align(p, m, options); });
  };
  CHECK(contains(error(ms_at(1000, 5000), pan), "MS is finer than PAN"));
  CHECK(contains(error(ms_at(1000, 5000), pan), "swapped"));
  CHECK(contains(error(pan, pan), "nothing to sharpen"));
  CHECK(contains(error(pan, ms_at(2000, 5000)), "do not overlap"));
  CHECK(contains(error(pan, ms_at(1000, 5000, 16, 16, 1.7)), "not within 1 % of a whole number"));
  CHECK(error(pan, ms_at(1000, 5000, 16, 16, 1.7), {.force = true}).empty());
  CHECK(error(pan, ms_at(1000, 5000, 16, 16, 1.985)).empty());
  RasterInfo square = ms_at(1000, 5000);
  square.transform->step_y = -1.5;
  CHECK(contains(error(pan, square), "the ratio of MS to PAN is 4.0000 x 3.0000"));
  RasterInfo bare = pan;
  bare.transform.reset();
  CHECK(contains(error(bare, ms_at(1000, 5000)), "gdal_edit.py"));
  bare.rotated = true;
  CHECK(contains(error(bare, ms_at(1000, 5000)), "gdalwarp"));
  RasterInfo south_up = ms_at(1000, 4968);
  south_up.transform->step_y = 2;
  CHECK(contains(error(pan, south_up), "opposite directions"));
  CHECK(contains(error(pan, ms_at(1000, 5000, 16, 16, 1.5), {.phase = Phase::toolbox}), "powers of two"));
  CHECK(error(pan, ms_at(1000, 5000, 16, 16, 1.5)).empty());
}

TEST_CASE("scene grid: mirroring") {
  std::vector<std::int64_t> found;
  for (std::int64_t i = -4; i < 8; ++i) found.push_back(mirrored(i, 3));
  CHECK(found == std::vector<std::int64_t>{2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1});
}

}  // namespace
}  // namespace cf::test
