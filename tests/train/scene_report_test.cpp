// The report of a fused scene, from what fusing tells it.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "framework/io/files.h"
#include "tests/harness/markup.h"
#include "tests/harness/temp_folder.h"
#include "tools/cfrun/report_scene.h"

namespace cf::test {
namespace {

Tensor ramp(std::int64_t side, std::int64_t bands, double step) {
  Tensor image = Tensor::empty({side, side, bands});
  auto values = image.span<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(100 + step * static_cast<double>(i % 97));
  return image;
}

FuseSummary some_scene() {
  FuseSummary s;
  s.method = "MTF-GLP-FS";
  s.sensor = "qb";
  s.scale = 2047;
  s.pan = {.role = "PAN",
           .name = "/in/pan<1>&\"2\".tif",
           .format = "GTiff",
           .rows = 400,
           .cols = 480,
           .bands = 1,
           .type = "u16",
           .crs = "EPSG:32635",
           .transform = GeoTransform{500000, 4600000, 0.6, -0.6},
           .nodata = "0"};
  s.ms = s.pan;
  s.ms.role = "MS";
  s.ms.rows = 100;
  s.ms.cols = 120;
  s.ms.bands = 4;
  s.ms.transform = std::nullopt;
  s.ms.crs = "";
  s.output = s.pan;
  s.output.role = "Output";
  s.output.bands = 4;
  s.output.name = "/out/fused<b>.tif";
  s.band_names = {"Blue", "Green", "Red", "NIR"};
  s.ratio = 4;
  s.measured_ratio_x = 4.0149;
  s.measured_ratio_y = 4;
  s.offset_x = -1.25;
  s.extent = "intersection";
  s.phase = "centred";
  s.pixels = 192000;
  s.nodata = 1920;
  s.samples = 760320;
  s.clamped = 12;
  s.moved = 3;
  s.tile = 512;
  s.tiles = 1;
  s.computed_pixels = 192000;
  s.times = {.total = 12.5, .computing = 10, .reading = 1, .writing = 2, .waiting = 0.5};
  s.peak_bytes = std::int64_t{300} << 20;
  s.memory_limit = std::int64_t{2} << 30;
  s.warnings = {"values above <the> scale"};
  SceneLook look{.title = "Whole scene",
                 .window = {0, 0, 400, 480},
                 .step = 10,
                 .pan = ramp(40, 1, 3),
                 .lms = ramp(40, 4, 1),
                 .fused = ramp(40, 4, 2)};
  for (std::size_t i = 0; i < 40; ++i) look.fused.span<float>()[i] = std::numeric_limits<float>::quiet_NaN();
  s.lms = BandHistograms(4, 0, 2048, 512);
  s.lms->add(look.lms);
  s.fused = BandHistograms(4, 0, 2048, 512);
  s.fused->add(look.fused);
  s.looks.push_back(std::move(look));
  return s;
}

TEST_CASE("scene report: georeference, counts, times, pictures") {
  const TempFolder folder;
  const auto file = folder.path() / "scene.html";
  write_scene_report(file, some_scene());
  const PageReader page(read_text(file));
  check_loads_nothing(page);
  for (const char* text : {"fused<b>.tif", "pan<1>&\"2\".tif", "EPSG:32635", "480 × 400", "500000, 4600000", "0.6 × 0.6",
                           "intersection", "centred", "12 (0.0016 %)", "1\u202F920 (1.00 %)", "500 ms (4.00 %)",
                           "values above <the> scale", "Whole scene", "of 2.0 GiB allowed", "Band 3, Red", "2047 DN"})
    CHECK_MESSAGE(page.says(text), text);
  CHECK(page.says("4, by the geotransforms 4.0149 × 4.0000"));
  CHECK(page.says("column \u22121.250, row 0.000 of the output"));
  std::size_t looks = 0;
  for (const Element& e : page.all("figure")) looks += e.attributes.contains("data-name");
  CHECK(looks == 3);
  CHECK(page.says("QuickBird"));
  CHECK(!page.says("Checkpoint"));
}

TEST_CASE("scene report: nothing known but the least") {
  const TempFolder folder;
  const auto file = folder.path() / "scene.html";
  FuseSummary bare;
  bare.output.name = "x.tif";
  write_scene_report(file, bare);
  const PageReader page(read_text(file));
  check_loads_nothing(page);
  CHECK(!page.has_text("nan"));
  CHECK(!page.has_text("inf"));
  CHECK(contains(error_of([&] { write_scene_report(folder.path() / "none/scene.html", bare); }), "none"));
}

}  // namespace
}  // namespace cf::test
