// Metrics of rasters, tile by tile, against those of whole images.
#include <doctest/doctest.h>

#include <numeric>

#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "data/measure/rasters.h"
#include "data/measure/tiles.h"
#include "data/quality/full.h"
#include "data/quality/q2n.h"
#include "data/quality/reduced.h"
#include "tests/data/memory_raster.h"
#include "tests/data/scene.h"

using namespace cf;
using namespace cf::measure;

namespace {

NodataRule rule_of(const RasterInfo& info) {
  std::vector<std::int64_t> bands(info.bands.size());
  std::iota(bands.begin(), bands.end(), 0);
  std::vector<std::string> remarks;
  return {info, bands, {}, remarks};
}

// An image as a raster of f32.
test::MemoryRaster raster_of(const Planes& image, const GeoTransform& transform, std::optional<double> nodata = std::nullopt) {
  RasterInfo info = test::raster_info(image.rows, image.cols, image.bands, transform, SampleType::f32);
  for (RasterBand& band : info.bands) band.nodata = nodata;
  return {info, [&](auto y, auto x, auto b) { return static_cast<float>(image.at(y, x, b)); }};
}

Planes in_f32(Planes image) {
  for (double& v : image.data) v = static_cast<double>(static_cast<float>(v));
  return image;
}

void check_equal(const MetricList& tiles, const MetricList& whole, double tolerance = 1e-9) {
  REQUIRE(tiles.size() == whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CAPTURE(whole[i].first);
    CHECK(tiles[i].first == whole[i].first);
    CHECK(std::abs(tiles[i].second - whole[i].second) <= tolerance * std::abs(whole[i].second));
  }
}

constexpr GeoTransform kPan{1000, 2000, 1, -1};

}  // namespace

TEST_CASE("tiles cover an image once, and end with more than a block rather than less") {
  for (const auto& [rows, cols, side] : {std::tuple{100, 200, 64}, std::tuple{64, 65, 64}, std::tuple{20, 500, 128}}) {
    std::vector<int> seen(static_cast<std::size_t>(rows * cols), 0);
    for (const Window& w : cut_cores(rows, cols, side)) {
      CHECK((w.row % kBlock == 0 && w.col % kBlock == 0));
      CHECK((w.rows >= std::min<std::int64_t>(kBlock, rows) && w.cols >= kBlock));
      for (std::int64_t p = 0; p < w.pixels(); ++p) {
        ++seen[static_cast<std::size_t>((w.row + p / w.cols) * cols + w.col + p % w.cols)];
      }
    }
    CHECK(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
  }
}

TEST_CASE("against a reference, tiles give the metrics of the whole image") {
  test::Scene s = test::closed_form_scene(203, 4);  // neither a multiple of blocks nor of tiles
  s.gt = in_f32(s.gt);
  s.fused = in_f32(s.fused);
  for (const std::int64_t crop : {0, 21}) {
    for (const std::int64_t tile : {32, 64, 96, 512}) {
      CAPTURE(crop);
      CAPTURE(tile);
      auto fused = raster_of(s.fused, kPan);
      auto reference = raster_of(s.gt, kPan);
      MeasureOptions options;
      options.tile = tile;
      options.quality.crop = crop;
      options.quality.clip = crop > 0;
      options.quality.peak = 1200;
      const Measurement m = measure_reduced({fused, {}}, {reference, {}}, options);
      check_equal(m.metrics, evaluate_reduced(to_tensor(s.gt), to_tensor(s.fused), options.quality));
      CHECK(m.pixels == m.rows * m.cols);
    }
  }
}

TEST_CASE("without a reference, tiles give the metrics of the whole image") {
  for (const auto& [ratio, n, m] : {std::tuple{4, 224, 180}, std::tuple{2, 150, 206}}) {
    CAPTURE(ratio);
    test::Scene s = test::closed_form_scene(224, 4);
    const Planes fused = in_f32(s.fused.crop(0, 0, n, m));
    const Planes pan = in_f32(s.pan.crop(0, 0, n, m));
    const Planes ms = in_f32(imresize(s.gt.crop(0, 0, n, m), 1.0 / ratio));
    auto fused_raster = raster_of(fused, kPan);
    auto pan_raster = raster_of(pan, kPan);
    const auto r = static_cast<double>(ratio);
    auto ms_raster = raster_of(ms, {1000, 2000, r, -r});
    MeasureOptions options;
    options.quality.ratio = ratio;
    options.quality.sensor = "qb";
    const auto measure_with = [&](Phase phase, std::int64_t tile) {
      SceneSource scene(
          {pan_raster, ms_raster, align(pan_raster.info(), ms_raster.info(), {.phase = phase}), {0, 1, 2, 3}, {}, {}, 1, false});
      options.tile = tile;
      return measure_full({fused_raster, {}}, scene, options).metrics;
    };
    const MetricList whole =
        evaluate_full(to_tensor(fused), to_tensor(ms), to_tensor(upsample_lms(ms, ratio)), to_tensor(pan), options.quality);
    for (const std::int64_t tile : {32, 96, 512}) {
      CAPTURE(tile);
      check_equal(measure_with(Phase::toolbox, tile), whole);
    }
    // Centred, it is the same however the scene is cut, and not the toolbox's.
    const MetricList centred = measure_with(Phase::centred, 512);
    check_equal(measure_with(Phase::centred, 32), centred);
    CHECK(metric(centred, "D_lambda_K") != doctest::Approx(metric(whole, "D_lambda_K")));
  }
}

TEST_CASE("pixels without data, and windows that hold any, do not count") {
  test::Scene s = test::closed_form_scene(160, 3);
  s.gt = in_f32(s.gt);
  s.fused = in_f32(s.fused);
  auto reference = raster_of(s.gt, kPan);
  MeasureOptions options;
  options.tile = 64;
  const auto measure_with_hole = [&](float filling, std::int64_t tile) {
    auto fused = raster_of(s.fused, kPan, -9999);
    for (std::int64_t y = 70; y < 80; ++y) {
      for (std::int64_t x = 100; x < 130; ++x) {
        for (std::int64_t b = 0; b < 3; ++b) fused.samples[static_cast<std::size_t>((y * 160 + x) * 3 + b)] = filling;
      }
    }
    options.tile = tile;
    return measure_reduced({fused, rule_of(fused.info())}, {reference, {}}, options);
  };
  const Measurement hole = measure_with_hole(-9999, 64);
  CHECK(hole.pixels == 160 * 160 - 300);
  check_equal(measure_with_hole(-9999, 512).metrics, hole.metrics);
  // By hand: pixels that count, and blocks without the hole (it lies in two of 25).
  double squares = 0;
  double sum_q2n = 0;
  for (std::int64_t p = 0; p < 160 * 160; ++p) {
    const bool inside = p / 160 >= 70 && p / 160 < 80 && p % 160 >= 100 && p % 160 < 130;
    for (std::int64_t b = 0; b < 3 && !inside; ++b) squares += std::pow(s.gt.band(b)[p] - s.fused.band(b)[p], 2);
  }
  std::int64_t blocks = 0;
  for (std::int64_t i = 0; i < 25; ++i) {
    if (i == 2 * 5 + 3 || i == 2 * 5 + 4) continue;
    sum_q2n += quality::q2n(s.gt.crop(i / 5 * 32, i % 5 * 32, 32, 32), s.fused.crop(i / 5 * 32, i % 5 * 32, 32, 32));
    ++blocks;
  }
  CHECK(metric(hole.metrics, "RMSE") == doctest::Approx(std::sqrt(squares / (3.0 * (160 * 160 - 300)))).epsilon(1e-12));
  CHECK(metric(hole.metrics, "Q2n") == doctest::Approx(sum_q2n / static_cast<double>(blocks)).epsilon(1e-12));
  // What is in the hole of the reference does not matter either.
  for (std::int64_t i = 0; i < 30; ++i) reference.samples[static_cast<std::size_t>((72 * 160 + 100 + i) * 3)] = 1e6F;
  check_equal(measure_with_hole(-9999, 64).metrics, hole.metrics);
  CHECK(metric(measure_with_hole(500, 64).metrics, "RMSE") > 2 * metric(hole.metrics, "RMSE"));
}

TEST_CASE("rasters that cannot be compared are refused") {
  const test::Scene s = test::closed_form_scene(64, 2);
  auto fused = raster_of(s.fused, kPan);
  MeasureOptions options;
  auto shifted = raster_of(s.gt, {1000.5, 2000, 1, -1});
  CHECK_THROWS_WITH_AS(measure_reduced({fused, {}}, {shifted, {}}, options), doctest::Contains("not on one grid"), Error);
  auto smaller = raster_of(s.gt.crop(0, 0, 60, 64), kPan);
  CHECK_THROWS_WITH_AS(measure_reduced({fused, {}}, {smaller, {}}, options), doctest::Contains("60 x 64"), Error);
  auto tiny = raster_of(s.gt.crop(0, 0, 20, 64), kPan);
  CHECK_THROWS_WITH_AS(measure_reduced({tiny, {}}, {tiny, {}}, options), doctest::Contains("smaller than the window"), Error);
  auto nothing = raster_of(Planes(64, 64, 2), kPan, 0);
  auto reference = raster_of(s.gt, kPan);
  CHECK_THROWS_WITH_AS(measure_reduced({nothing, rule_of(nothing.info())}, {reference, {}}, options),
                       doctest::Contains("no pixel"), Error);
}
