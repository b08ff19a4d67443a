// cfrun info of rasters, alone and as a scene.
#include "tests/data/raster_support.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

void check_prints(const Workplace& place, const Arguments& arguments, const std::vector<std::string>& parts) {
  const Outcome outcome = place.run(arguments);
  check_outcome(outcome, 0, {});
  INFO(outcome.out);
  for (const std::string& part : parts) CHECK_MESSAGE(contains(outcome.out, part), part);
}

RasterInfo named(SampleType type, std::int64_t rows, std::int64_t cols, std::size_t bands) {
  RasterInfo info = raster_info(type, rows, cols, bands);
  info.crs = R"(LOCAL_CS["site grid",UNIT["metre",1]])";
  return info;
}

TEST_CASE("raster info: size, type, bands, place, values and nodata") {
  if (!has_rasters()) return;
  const Workplace place;
  RasterInfo info = named(SampleType::u16, 40, 50, 2);
  info.bands[0].name = "NIR";
  info.bands[1].colour = "Red";
  for (RasterBand& band : info.bands) band.nodata = 119;
  write_raster(place / "a.tif", info);
  check_prints(place, {"info", "a.tif"},
               {"a.tif: raster, 40 rows x 50 columns, 2 bands of u16", "site grid", "500000 4400000", "2 x -2", "GTiff",
                "DEFLATE", "NIR", "Red", "119: ", "8 bits, the scale 255"});
  check_prints(place, {"info", "a.tif", "--scale", "100"}, {"warning: band 1: its largest value 118 is above the scale 100"});
}

TEST_CASE("raster info: what is unusual is warned of") {
  if (!has_rasters()) return;
  const Workplace place;
  RasterInfo info = raster_info(SampleType::f32, 4, 5, 1);
  info.transform.reset();
  const auto writer = create_raster(place / "a.tif", info);
  writer->write(whole(info), std::vector<float>(20, std::numeric_limits<float>::quiet_NaN()));
  writer->finish();
  check_prints(place, {"info", "a.tif"},
               {"no geotransform", "no coordinate reference system", "20 samples are NaN", "no valid sample"});
}

TEST_CASE("raster info: PAN and MS as a scene, in any order") {
  if (!has_rasters()) return;
  const Workplace place;
  RasterInfo pan = named(SampleType::u16, 64, 64, 1);
  RasterInfo ms = named(SampleType::u16, 16, 16, 1);
  ms.transform = GeoTransform{500000, 4400000, 8, -8};
  write_raster(place / "pan.tif", pan);
  write_raster(place / "red.tif", ms);
  write_raster(place / "nir.tif", ms);
  check_prints(place, {"info", "red.tif", "pan.tif", "nir.tif"},
               {"pan.tif as PAN, red.tif, nir.tif as MS", "ratio 4", "both cover 64 x 64 of PAN's 64 x 64 pixels"});
  ms.transform->origin_x += 1e6;
  write_raster(place / "far.tif", ms);
  check_prints(place, {"info", "pan.tif", "far.tif"}, {"warning: they are no scene:"});
  ms.transform.reset();
  write_raster(place / "far.tif", ms);
  check_prints(place, {"info", "pan.tif", "far.tif"}, {"warning: they are no scene:", "no geotransform"});
}

TEST_CASE("raster info: other files are refused") {
  if (!has_rasters()) return;
  const Workplace place;
  write_text_file(place / "note.txt2", "no raster\n");
  check_refused(place.run({"info", "note.txt2"}), {"note.txt2", "reads no raster"});
  check_refused(place.run({"info", "none.tif"}), {"none.tif", "no such file"});
  check_prints(place, {"--version"}, {"GDAL       yes, GDAL 3."});
}

}  // namespace
}  // namespace cf::test
