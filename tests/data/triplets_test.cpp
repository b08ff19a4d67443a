#include "data/triplets.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "data/dataset.h"
#include "data/describe.h"
#include "data/quality/clouds.h"
#include "data/quality/quality.h"
#include "data/raster/raster.h"
#include "data/synth_dataset.h"
#include "data/synth_triplets.h"
#include "framework/core/parallel.h"
#include "tests/data/make_triplets.h"
#include "tests/harness/temp_folder.h"

using namespace cf;
using test::contains;
using test::error_of;
using test::file_of;
using test::ImageSpec;
using test::kSide;
using test::no_gdal;
using test::write_image;
using test::write_radar;
using test::write_triplet;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

DatasetOptions options() {
  DatasetOptions o{.ratio = 1, .pan_bands = 2, .bands = 13, .scale = 10000};
  o.require_gt = true;
  return o;
}

std::string open_error(const std::filesystem::path& path) {
  return error_of([&] { (void)Dataset::open(path, options()); });
}

}  // namespace

TEST_CASE("triplets: found by their names, read, clipped and scaled, held and streamed") {
  if (no_gdal()) return;
  const test::TempFolder root;
  write_triplet(root.path(), 1, 31);
  write_triplet(root.path(), 1, 4);
  write_triplet(root.path(), 2, 30);
  const auto triplets = find_triplets(root.path());
  REQUIRE(triplets.size() == 3);
  CHECK(triplets[0].name == "ROIs1158_spring_1_p4");
  CHECK(triplets[1].name == "ROIs1158_spring_1_p31");
  CHECK(triplets[2].cloudy == file_of(root.path(), "s2_cloudy", 2, 30));
  for (const std::int64_t limit : {-1, 0}) {
    DatasetOptions o = options();
    o.memory_limit = limit;
    const Dataset set = Dataset::open(root.path(), o);
    CHECK(set.in_memory() == (limit != 0));
    const std::vector<std::int64_t> indices = {2, 0};
    const Batch batch = set.read(indices);
    CHECK(batch.pan.shape() == Shape{2, kSide, kSide, 2});
    CHECK(batch.gt.shape() == Shape{2, kSide, kSide, 13});
    CHECK(batch.lms.to_vector<float>() == batch.ms.to_vector<float>());
    const std::int64_t p = 7;
    for (std::int64_t b = 0; b < 13; ++b) {
      const auto at = static_cast<std::size_t>(p * 13 + b);
      CHECK(batch.gt.span<float>()[at] == test::clear_value(b, p) / 10000);
      CHECK(batch.ms.span<float>()[at] == std::min(test::cloudy_value(b, p), 10000.0F) / 10000);
    }
    CHECK(batch.pan.span<float>()[p * 2] == doctest::Approx((test::radar_value(0, p) + 25) / 25));
    CHECK(batch.pan.span<float>()[p * 2 + 1] == doctest::Approx((test::radar_value(1, p) + 32.5) / 32.5));
  }
  const DataReport report = describe_data(root.path());
  CHECK(report.samples == 3);
  CHECK(report.bands == 13);
  CHECK(report.pan_bands == 2);
  CHECK(contains(to_text(report), "SEN12MS-CR"));
}

TEST_CASE("triplets: a list keeps the scenes and patches that it names") {
  if (no_gdal()) return;
  const test::TempFolder root;
  for (const int scene : {1, 2, 11}) {
    for (const int patch : {30, 31}) write_triplet(root.path(), scene, patch);
  }
  const auto list = root / "train.txt";
  std::ofstream(list) << "# scenes\nROIs1158_spring_1\n\n  ROIs1158_spring_11_p31 \n";
  const auto triplets = find_triplets(list);
  REQUIRE(triplets.size() == 3);
  CHECK(triplets[1].name == "ROIs1158_spring_1_p31");
  CHECK(triplets[2].name == "ROIs1158_spring_11_p31");
  std::ofstream(list) << "ROIs1158_spring_3\n";
  CHECK(contains(open_error(list), "names ROIs1158_spring_3, of which there is no file"));
  std::ofstream(list) << "\n";
  CHECK(contains(open_error(list), "names no scene"));
  CHECK(contains(open_error(root / "absent.txt"), "docs/data.md"));
}

TEST_CASE("triplets: a missing member, other grids and other band counts are named") {
  if (no_gdal()) return;
  for (const std::string sensor : {"s1", "s2", "s2_cloudy"}) {
    const test::TempFolder root;
    write_triplet(root.path(), 1, 30);
    write_triplet(root.path(), 1, 31);
    std::filesystem::remove(file_of(root.path(), sensor, 1, 31));
    CHECK(contains(open_error(root.path()), "the triplet ROIs1158_spring_1_p31 has no " + sensor + " image; there is"));
  }
  const auto message = [](const std::string& sensor, const ImageSpec& spec) {
    const test::TempFolder root;
    write_triplet(root.path(), 1, 30);
    write_triplet(root.path(), 1, 31);
    const auto file = file_of(root.path(), sensor, 1, 31);
    if (sensor == "s1") {
      write_radar(file, spec);
    } else {
      write_image(file, spec, test::clear_value);
    }
    return open_error(root.path());
  };
  for (const std::string sensor : {"s1", "s2_cloudy"}) {
    for (const ImageSpec& spec : {ImageSpec{.side = 24}, ImageSpec{.origin_x = 400010}}) {
      const std::string text = message(sensor, spec);
      CHECK_MESSAGE(contains(text, "triplet ROIs1158_spring_1_p31: the grids differ"), text);
      CHECK(contains(text, "ROIs1158_spring_" + sensor + "_1_p31.tif is"));
    }
  }
  CHECK(contains(message("s2", {.side = 24}), "24 x 24 pixels"));
  CHECK(contains(message("s2", {.bands = 12}), "s2_1_p31.tif has 12 bands; a Sentinel-2 image of SEN12MS-CR has 13"));
  CHECK(contains(message("s1", {.bands = 1}), "s1_1_p31.tif has 1 bands; a Sentinel-1 image of SEN12MS-CR has 2"));
  const test::TempFolder empty;
  CHECK(contains(open_error(empty.path()), "docs/data.md"));
}

TEST_CASE("triplets: backscatter that is not in dB is refused, holes are filled") {
  if (no_gdal()) return;
  const test::TempFolder root;
  write_triplet(root.path(), 1, 30);
  const auto file = file_of(root.path(), "s1", 1, 30);
  const auto message = [&](auto&& value) {
    write_image(file, {.bands = 2, .type = SampleType::f32}, value);
    return open_error(root.path());
  };
  CHECK(contains(message([](std::int64_t b, std::int64_t p) { return b == 1 && p == 9 ? -9999.0F : -12.0F; }),
                 "s1_1_p30.tif: VH holds -9999, which is no backscatter in dB"));
  CHECK(contains(message([](std::int64_t, std::int64_t) { return 300.0F; }), "VV holds 300"));
  CHECK(contains(message([](std::int64_t, std::int64_t) { return 0.1F; }), "are these linear intensities?"));
  CHECK(contains(message([](std::int64_t b, std::int64_t) { return b == 0 ? kNan : -12.0F; }), "VV has no valid pixel"));
  CHECK(message([](std::int64_t, std::int64_t p) { return p == 0 ? kNan : p == 1 ? 3.0F : p == 2 ? -60.0F : -10.0F; }).empty());
  const std::vector<std::int64_t> first = {0};
  const Tensor pan = Dataset::open(root.path(), options()).read(first).pan;
  const double mean = (3.0 - 60 - 10.0 * (kSide * kSide - 3)) / (kSide * kSide - 1);
  CHECK(pan.span<float>()[0] == doctest::Approx((mean + 25) / 25));
  CHECK(pan.span<float>()[2] == 1);  // 3 dB and -60 dB are clipped
  CHECK(pan.span<float>()[4] == 0);
}

TEST_CASE("synthetic triplets depend on the seed and not on the number of threads") {
  const int threads = max_threads();
  set_threads(1);
  const TripletScene one = make_triplet_scene(64, 5);
  set_threads(3);
  const TripletScene three = make_triplet_scene(64, 5);
  set_threads(threads);
  CHECK(one.radar.data == three.radar.data);
  CHECK(one.clear.data == three.clear.data);
  CHECK(one.cloudy.data == three.cloudy.data);
  CHECK(make_triplet_scene(64, 6).radar.data != one.radar.data);
}

TEST_CASE("synthetic triplets: what they hold") {
  const TripletScene scene = make_triplet_scene(256, 3);
  REQUIRE(scene.radar.bands == 2);
  REQUIRE(scene.clear.bands == 13);
  double outside = 0;
  double inside = 0;
  std::int64_t thick = 0;
  std::int64_t agreed = 0;
  const auto mask = quality::cloud_mask(scene.cloudy);
  for (std::int64_t p = 0; p < scene.clear.pixels(); ++p) {
    const double difference = std::abs(scene.cloudy.band(1)[p] - scene.clear.band(1)[p]);
    const float opacity = scene.opacity[static_cast<std::size_t>(p)];
    (opacity > 0.9F ? inside : outside) += opacity > 0.9F || opacity == 0 ? difference : 0;
    thick += opacity > 0.9F ? 1 : 0;
    agreed += (opacity > 0.5F) == (mask[static_cast<std::size_t>(p)] != 0) ? 1 : 0;
  }
  CHECK(thick > scene.clear.pixels() / 20);
  CHECK(inside / static_cast<double>(thick) > 3000);  // reflectance times 10000
  CHECK(agreed > scene.clear.pixels() * 9 / 10);      // the published score finds the clouds that were made
  for (const double v : scene.radar.data) {
    if (v < -60 || v > 20) FAIL_CHECK("backscatter of " << v << " dB");
  }
  // Speckle of four looks: 10 log10 of it has a standard deviation of 2.3 dB and a mean of -0.56 dB, which the land cover adds
  // to.
  double sum = 0;
  double squares = 0;
  for (std::int64_t p = 0; p < scene.radar.pixels(); ++p) {
    sum += scene.radar.data[static_cast<std::size_t>(p)];
    squares += scene.radar.data[static_cast<std::size_t>(p)] * scene.radar.data[static_cast<std::size_t>(p)];
  }
  const auto pixels = static_cast<double>(scene.radar.pixels());
  CHECK(std::sqrt(squares / pixels - sum / pixels * (sum / pixels)) > 2.2);
  CHECK(sum / pixels < -5);
  CHECK(sum / pixels > -20);
}

TEST_CASE("synthetic triplets in SEN12MS-CR's layout") {
  if (no_gdal()) return;
  const test::TempFolder root;
  const auto folder = root / "set";
  SynthOptions o;
  o.sensor = "sar";
  o.size = 256;
  o.train_scenes = 1;
  o.test_images = 1;
  const auto lists = write_synth(folder, o);
  REQUIRE(lists.size() == 3);
  const auto train = find_triplets(lists[0]);
  REQUIRE(train.size() == 1);
  CHECK(train[0].radar == folder / "ROIs1158_spring/s1_1/ROIs1158_spring_s1_1_p30.tif");
  CHECK(find_triplets(lists[1]).size() == 4);
  CHECK(find_triplets(lists[2]).size() == 1);
  CHECK(find_triplets(folder).size() == 6);
  CHECK(open_raster(train[0].radar)->info().type == SampleType::f32);
  const RasterInfo clear = open_raster(train[0].clear)->info();
  CHECK(clear.type == SampleType::u16);
  CHECK(crs_name(clear.crs) == "EPSG:32632");
  const Dataset set = Dataset::open(lists[1], options());
  CHECK(set.size() == 4);
  CHECK(set.height() == 256);
  CHECK(contains(error_of([&] { (void)write_synth(folder, o); }), "is there already"));
  o.size = 300;
  CHECK(contains(error_of([&] { (void)write_synth(root / "other", o); }), "size is 300, expected 256 plus a multiple of 128"));
}

TEST_CASE("metrics where clouds were removed: overall and of the cloudy pixels") {
  const TripletScene scene = make_triplet_scene(64, 8);
  QualityOptions o;
  o.variant = QualityOptions::Variant::clouds;
  o.ratio = 1;
  o.peak = 10000;
  const auto mask = quality::cloud_mask(scene.cloudy);
  // An error of 100 in the clouds and of 10 elsewhere.
  Planes fused = scene.clear;
  std::int64_t cloudy = 0;
  for (std::int64_t p = 0; p < fused.pixels(); ++p) {
    cloudy += mask[static_cast<std::size_t>(p)];
    for (std::int64_t b = 0; b < fused.bands; ++b) fused.band(b)[p] += mask[static_cast<std::size_t>(p)] != 0 ? 100 : 10;
  }
  REQUIRE(cloudy > 0);
  const MetricList list = evaluate_clouds(to_tensor(scene.clear), to_tensor(fused), to_tensor(scene.cloudy), o);
  const std::vector<std::string> names = {"PSNR",      "SAM",        "RMSE",       "SSIM",  "PSNR_cloud",
                                          "SAM_cloud", "RMSE_cloud", "SSIM_cloud", "cloudy"};
  REQUIRE(list.size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(list[i].first == names[i]);
  CHECK(metric(list, "RMSE_cloud") == doctest::Approx(100));
  CHECK(metric(list, "PSNR_cloud") == doctest::Approx(40));
  const double share = static_cast<double>(cloudy) / static_cast<double>(fused.pixels());
  CHECK(metric(list, "cloudy") == doctest::Approx(share));
  CHECK(metric(list, "RMSE") == doctest::Approx(std::sqrt(share * 1e4 + (1 - share) * 100)));
  CHECK(metric(list, "SSIM_cloud") < metric(list, "SSIM"));
  // Without a cloud there is nothing to measure inside.
  const MetricList clear = evaluate_clouds(to_tensor(scene.clear), to_tensor(fused), to_tensor(Planes(64, 64, 13)), o);
  CHECK(metric(clear, "cloudy") == 0);
  CHECK(std::isnan(metric(clear, "PSNR_cloud")));
  CHECK(std::isnan(metric(clear, "SSIM_cloud")));
  CHECK(contains(error_of([&] { (void)quality::cloud_mask(Planes(8, 8, 4)); }), "13 bands, and the image has 4"));
}
