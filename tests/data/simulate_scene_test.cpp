// Sets from a scene: Wald's protocol on windows of rasters, and how a scene is divided.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "data/dataset.h"
#include "data/describe.h"
#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "data/simulate/scene_sets.h"
#include "tests/data/memory_raster.h"
#include "tests/harness/temp_folder.h"

using namespace cf;
using namespace cf::simulate;

namespace {

// As tests/data/golden/make_wald.py.
double wald_ms(double y, double x, double b) {
  return 900 + 40 * b + 250 * std::sin(0.13 * x * (1 + 0.05 * b)) * std::cos(0.09 * y) + 90 * std::sin(0.8 * x + 0.6 * y + b);
}
double wald_pan(double v, double u, double ratio) {
  return 950 + 240 * std::sin(0.13 * u / ratio) * std::cos(0.09 * v / ratio) + 120 * std::sin(0.7 * u + 0.4 * v);
}

// A pair of rasters in memory with everything that a Reducer refers to.
struct Pair {
  test::MemoryRaster pan;
  test::MemoryRaster ms;
  NodataChoice choice;
  std::vector<std::string> remarks;

  Reducer reducer(std::vector<double> gains, double pan_gain = 0, bool whole_numbers = false) {
    const auto rule = [&](const RasterInfo& info) {
      std::vector<std::int64_t> bands(info.bands.size());
      std::iota(bands.begin(), bands.end(), 0);
      return NodataRule(info, bands, choice, remarks);
    };
    return Reducer(
        {pan, ms, align(pan.info(), ms.info()), rule(pan.info()), rule(ms.info()), std::move(gains), pan_gain, whole_numbers});
  }
};

Pair wald_scene(std::int64_t ratio, std::int64_t bands) {
  const auto r = static_cast<double>(ratio);
  return {{test::raster_info(96 * ratio, 112 * ratio, 1, {0, 0, 1, -1}, SampleType::f32),
           [r](auto y, auto x, auto) { return static_cast<float>(wald_pan(static_cast<double>(y), static_cast<double>(x), r)); }},
          {test::raster_info(96, 112, bands, {0, 0, r, -r}, SampleType::f32),
           [](auto y, auto x, auto b) {
             return static_cast<float>(wald_ms(static_cast<double>(y), static_cast<double>(x), static_cast<double>(b)));
           }},
          {},
          {}};
}

void check_probes(const Planes& image, const nlohmann::json& expected) {
  const std::int64_t h = image.rows;
  const std::int64_t w = image.cols;
  const std::int64_t last = image.bands - 1;
  const double sum = std::accumulate(image.data.begin(), image.data.end(), 0.0);
  const double squares = std::inner_product(image.data.begin(), image.data.end(), image.data.begin(), 0.0);
  const std::array found = {
      image.at(0, 0, 0), image.at(h - 1, w - 1, last), image.at(5, 7, 0), image.at(3, w - 2, last), sum, squares};
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(found[i] == doctest::Approx(expected[i].get<double>()).epsilon(1e-9));
  }
}

double largest_difference(const Planes& a, const Planes& b) {
  REQUIRE(a.same_size(b));
  double largest = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) largest = std::max(largest, std::abs(a.data[i] - b.data[i]));
  return largest;
}

bool overlap(const Window& a, const Window& b) {
  return a.row < b.row + b.rows && b.row < a.row + a.rows && a.col < b.col + b.cols && b.col < a.col + a.cols;
}

bool inside(const Window& inner, const Window& outer) {
  return inner.row >= outer.row && inner.col >= outer.col && inner.row + inner.rows <= outer.row + outer.rows &&
         inner.col + inner.cols <= outer.col + outer.cols;
}

// A scene without structure, of which only the geometry matters.
Pair plain_scene(std::int64_t ms_rows, std::int64_t ms_cols, std::int64_t ratio) {
  const auto r = static_cast<double>(ratio);
  const auto value = [](auto y, auto x, auto) { return static_cast<float>(100 + (y * 7 + x * 3) % 50); };
  return {{test::raster_info(ms_rows * ratio, ms_cols * ratio, 1, {0, 0, 1, -1}), value},
          {test::raster_info(ms_rows, ms_cols, 2, {0, 0, r, -r}), value},
          {},
          {}};
}

}  // namespace

TEST_CASE("Wald's protocol on rasters gives the golden values") {
  std::ifstream file(std::string(CF_SOURCE_DIR) + "/tests/data/golden/wald.json");
  REQUIRE(file);
  const auto golden = nlohmann::json::parse(file);
  for (const auto& [ratio, sensor, bands] : {std::tuple{2, "none", 3}, std::tuple{4, "QB", 4}, std::tuple{4, "WV3", 8}}) {
    CAPTURE(ratio);
    CAPTURE(sensor);
    const auto& expected = golden.at(std::to_string(ratio) + " " + sensor + " " + std::to_string(bands));
    Pair scene = wald_scene(ratio, bands);
    Reducer reducer = scene.reducer(mtf_gains(sensor, bands));
    CHECK(reducer.usable() == Window{0, 0, 96, 112});
    const WindowImages whole = reducer.reduce({0, 0, 96, 112});
    CHECK(whole.valid.empty());
    check_probes(whole.images.ms, expected["ms"]);
    check_probes(whole.images.pan, expected["pan"]);
    check_probes(whole.images.lms.crop(44, 48, 8, 16), expected["lms_inside"]);
    CHECK(whole.images.gt.at(5, 7, 1) == static_cast<double>(static_cast<float>(wald_ms(5, 7, 1))));
    // A window is a part of the whole.
    const WindowImages part = reducer.reduce({16, 24, 48, 40});
    CHECK(largest_difference(part.images.ms, whole.images.ms.crop(16 / ratio, 24 / ratio, 48 / ratio, 40 / ratio)) < 1e-9);
    CHECK(largest_difference(part.images.lms, whole.images.lms.crop(16, 24, 48, 40)) < 1e-9);
    CHECK(largest_difference(part.images.pan, whole.images.pan.crop(16, 24, 48, 40)) < 1e-9);
  }
}

TEST_CASE("PAN comes to lie on MS's pixels, whatever ratio and offset the geotransforms have") {
  // Both rasters show one linear ground, which resampling must keep where no border is near.
  const auto ground = [](double east, double south) { return 500 + 0.9 * east + 0.4 * south; };
  struct Case {
    double step_x, step_y, origin_x, origin_y;  // of MS; PAN has pixels of 1 from 0 on
  };
  for (const Case& c : {Case{4, 4, 0, 0}, Case{2, 2, -0.5, -0.5}, Case{4.0, 4.015, -1.5, -0.75}, Case{3, 3, 2.3, -1.9},
                        Case{6.02, 5.97, 0.4, 0.1}}) {
    CAPTURE(c.step_y);
    CAPTURE(c.origin_x);
    const auto value = [&](double x0, double dx, double y0, double dy) {
      return [=](std::int64_t y, std::int64_t x, std::int64_t) {
        return static_cast<float>(ground(x0 + (static_cast<double>(x) + 0.5) * dx, y0 + (static_cast<double>(y) + 0.5) * dy));
      };
    };
    Pair scene = {{test::raster_info(400, 440, 1, {0, 0, 1, -1}, SampleType::f32), value(0, 1, 0, 1)},
                  {test::raster_info(60, 66, 1, {c.origin_x, -c.origin_y, c.step_x, -c.step_y}, SampleType::f32),
                   value(c.origin_x, c.step_x, c.origin_y, c.step_y)},
                  {},
                  {}};
    for (const double pan_gain : {0.0, 0.15}) {
      Reducer reducer = scene.reducer({0.3}, pan_gain);
      const std::int64_t r = reducer.ratio();
      const std::int64_t begin = 8 / r * r + r;
      const Window window{begin, begin, 36 / r * r, 36 / r * r};
      CHECK(inside(window, reducer.usable()));
      const ReducedSet set = reducer.reduce(window).images;
      // The MTF filter's taps sum to 0.998.
      const double gain = pan_gain > 0 ? set.pan.at(10, 10, 0) / set.gt.at(10, 10, 0) : 1;
      CHECK(gain == doctest::Approx(1).epsilon(0.004));
      for (std::int64_t p = 0; p < set.gt.pixels(); ++p) {
        const auto at = static_cast<std::size_t>(p);
        if (std::abs(set.pan.data[at] - gain * set.gt.data[at]) > 0.02) {
          CHECK(set.pan.data[at] == doctest::Approx(gain * set.gt.data[at]).epsilon(1e-6));
        }
      }
      CHECK(set.lms.same_size(set.gt));
    }
  }
}

TEST_CASE("at full resolution cells are MS pixels where the grids agree, and centred on them where they do not") {
  Pair agree = wald_scene(4, 3);
  Reducer exact = agree.reducer({0.3});
  CHECK(exact.cells_in({0, 0, 96, 112}) == Window{0, 0, 96, 112});
  const WindowImages seen = exact.observe({20, 24, 16, 24});
  CHECK(seen.images.gt.data.empty());
  CHECK(seen.images.ms.at(3, 5, 2) == static_cast<double>(static_cast<float>(wald_ms(23, 29, 2))));
  CHECK(seen.images.pan.at(9, 11, 0) == static_cast<double>(static_cast<float>(wald_pan(89, 107, 4))));
  CHECK(seen.images.lms.rows == 64);
  // Inside, LMS is the toolbox's interpolation of MS.
  Planes ms(96, 112, 3);
  for (std::int64_t i = 0; i < ms.pixels() * 3; ++i) {
    ms.band(i % 3)[i / 3] = agree.ms.samples[static_cast<std::size_t>(i)];
  }
  CHECK(largest_difference(seen.images.lms, upsample_lms(ms, 4).crop(80, 96, 64, 96)) < 1e-9);

  const auto ramp = [](double step, double origin) {
    return [=](std::int64_t, std::int64_t x, std::int64_t) {
      return static_cast<float>(300 + 2 * (origin + (static_cast<double>(x) + 0.5) * step));
    };
  };
  Pair apart = {{test::raster_info(200, 240, 1, {0, 0, 1, -1}, SampleType::f32), ramp(1, 0)},
                {test::raster_info(110, 130, 1, {-0.5, 0.5, 2, -2}, SampleType::f32), ramp(2, -0.5)},
                {},
                {}};
  Reducer reducer = apart.reducer({0.3});
  const ReducedSet set = reducer.observe({20, 20, 20, 20}).images;
  for (std::int64_t x = 0; x < 20; ++x) {
    // A cell's value is that of its centre, between its two PAN pixels.
    CHECK(set.ms.at(7, x, 0) == doctest::Approx((set.pan.at(14, 2 * x, 0) + set.pan.at(14, 2 * x + 1, 0)) / 2).epsilon(1e-5));
  }
}

TEST_CASE("parts of a scene share no pixel, and each has room for patches") {
  for (const std::uint64_t seed : {1, 2}) {
    for (const Window& usable : {Window{0, 0, 3000, 2000}, Window{4, 8, 1000, 1100}, Window{0, 0, 187, 279},
                                 Window{2, 0, 280, 200}, Window{0, 0, 100, 5000}}) {
      CAPTURE(usable.rows);
      const auto regions = plan_regions({.usable = usable, .patch = 64, .unit = 4, .seed = seed});
      std::array<std::int64_t, 3> pixels{};
      for (std::size_t i = 0; i < regions.size(); ++i) {
        const Window& w = regions[i].window;
        CHECK(inside(w, usable));
        CHECK((w.rows >= 64 && w.cols >= 64));
        CHECK((w.rows % 4 == 0 && w.cols % 4 == 0 && (w.row - usable.row) % 4 == 0 && (w.col - usable.col) % 4 == 0));
        pixels[static_cast<std::size_t>(regions[i].part)] += w.pixels();
        for (std::size_t j = 0; j < i; ++j) {
          if (overlap(w, regions[j].window)) CHECK_FALSE(overlap(w, regions[j].window));
        }
      }
      const auto all = static_cast<double>(pixels[0] + pixels[1] + pixels[2]);
      CHECK(all > 0.6 * static_cast<double>(usable.pixels()));
      CHECK((pixels[0] > 0 && pixels[1] > 0 && pixels[2] > 0));
      if (usable.pixels() < 4000000) continue;
      CHECK(static_cast<double>(pixels[0]) / all == doctest::Approx(0.8).epsilon(0.02));
      CHECK(static_cast<double>(pixels[1]) / all == doctest::Approx(0.1).epsilon(0.1));
    }
  }
  const SplitOptions large{.usable = {0, 0, 3000, 2000}, .seed = 1};
  SplitOptions other = large;
  other.seed = 2;
  const auto parts = [](const SplitOptions& o) {
    std::vector<Part> all;
    for (const Region& region : plan_regions(o)) all.push_back(region.part);
    return all;
  };
  CHECK(parts(large) == parts(large));
  CHECK(parts(large) != parts(other));
  CHECK(plan_regions({.usable = {0, 0, 200, 400}, .shares = {0.9, 0.1, 0}}).size() == 2);
}

TEST_CASE("a scene without room says what would fit") {
  CHECK_THROWS_WITH_AS(plan_regions({.usable = {0, 0, 100, 150}}), doctest::Contains("100 x 150 MS pixels"), Error);
  CHECK_THROWS_WITH_AS(plan_regions({.usable = {0, 0, 60, 1500}}), doctest::Contains("--patch"), Error);
  CHECK_THROWS_WITH_AS(plan_regions({.usable = {0, 0, 500, 500}, .patch = 30}), doctest::Contains("multiple of 4"), Error);
  CHECK_THROWS_WITH_AS(plan_regions({.usable = {0, 0, 500, 500}, .shares = {0, 0.5, 0.5}}),
                       doctest::Contains("above 0 for training"), Error);
  CHECK(plan_regions({.usable = {0, 0, 100, 150}, .patch = 32}).size() == 3);
}

TEST_CASE("small scenes get more overlap and smaller test images; large ones do not") {
  Pair small = plain_scene(187, 279, 2);
  Reducer reducer = small.reducer({0.3});
  const SceneSets sets = plan_sets(reducer, {});
  CHECK(sets.patch == 64);
  CHECK(sets.overlap == 48);
  CHECK(sets.train.samples == 80);
  CHECK(sets.test_reduced.samples == 1);
  CHECK(sets.test_reduced.rows == 92);
  CHECK(sets.test_reduced.cols == 64);
  CHECK(sets.test_full.samples == 1);
  CHECK(sets.test_full.rows == 184);
  CHECK(sets.test_full.cols == 128);
  Pair large = plain_scene(1100, 1200, 2);
  Reducer more = large.reducer({0.3});
  const SceneSets many = plan_sets(more, {});
  CHECK(many.overlap == 16);
  CHECK(many.train.samples >= 200);
  CHECK(many.test_reduced.rows == 256);
  CHECK(many.test_full.rows == 512);
  for (const Window& a : many.train.windows) {
    for (const SceneSets* s : {&many}) {
      for (const Window& b : s->valid.windows) CHECK_FALSE(overlap(a, b));
      for (const Window& b : s->test_reduced.windows) CHECK_FALSE(overlap(a, b));
      for (const Window& b : s->test_full.windows) CHECK_FALSE(overlap(a, b));  // cells are MS pixels here
    }
  }
}

TEST_CASE("patches with pixels that have no data are left out and counted") {
  const auto scene_with = [](const std::function<float(std::int64_t, std::int64_t, std::int64_t)>& ms) {
    RasterInfo info = test::raster_info(200, 400, 2, {0, 0, 4, -4});
    for (RasterBand& band : info.bands) band.nodata = 0;
    return Pair{{test::raster_info(800, 1600, 1, {0, 0, 1, -1}),
                 [](auto y, auto x, auto) { return static_cast<float>(100 + (y + x) % 50); }},
                {info, ms},
                {},
                {}};
  };
  Pair holed = scene_with([](std::int64_t y, std::int64_t x, std::int64_t) {
    return y >= 90 && y < 94 && x >= 100 && x < 104 ? 0.0F : 500.0F + static_cast<float>(x % 9);
  });
  Reducer reducer = holed.reducer({0.3});
  const SceneSets sets = plan_sets(reducer, {.overlap = 0});
  CHECK(sets.train.skipped == 1);
  for (const Window& w : sets.train.windows) CHECK_FALSE(overlap(w, {90, 100, 4, 4}));
  CHECK(sets.train.samples + sets.train.skipped == 3 * (sets.regions[0].window.cols / 64));
  // Where nothing is left there is an error.
  Pair empty = scene_with([](auto, auto, auto) { return 0.0F; });
  Reducer nothing = empty.reducer({0.3});
  CHECK_THROWS_WITH_AS(plan_sets(nothing, {}), doctest::Contains("without data"), Error);
}

TEST_CASE("written sets are what was planned, readable, and consistent") {
  const test::TempFolder folder;
  Pair scene = plain_scene(192, 400, 4);
  Reducer reducer = scene.reducer({0.3}, 0, true);
  SceneSets sets = plan_sets(reducer, {.overlap = 32});
  std::int64_t last = 0;
  std::int64_t total = 0;
  write_sets(reducer, folder.path(), sets, [&](std::int64_t done, std::int64_t all) {
    CHECK(done == last + 1);
    last = done;
    total = all;
  });
  CHECK(last == total);
  DatasetOptions options{.bands = 2, .scale = 255, .require_gt = true, .multiple = 2};
  for (const SetSummary* set : {&sets.train, &sets.valid, &sets.test_reduced, &sets.test_full}) {
    CAPTURE(set->file.string());
    REQUIRE(set->samples > 0);
    options.require_gt = set != &sets.test_full;
    const Dataset data = Dataset::open(folder.path() / set->file, options);
    CHECK(data.size() == set->samples);
    CHECK(data.height() == set->rows);
    CHECK(data.width() == set->cols);
    const DataReport report = describe_data(folder.path() / set->file, 255);
    for (const std::string& warning : report.warnings) CHECK_MESSAGE(false, warning);
    CHECK(report.lms->agrees);
    // The ground truth is MS itself, in the window that the summary names.
    if (!options.require_gt) continue;
    const Batch batch = data.read(std::vector<std::int64_t>{set->samples - 1});
    const Window& w = set->windows.back();
    for (std::int64_t p = 0; p < w.pixels(); ++p) {
      const std::int64_t y = w.row + p / w.cols;
      const std::int64_t x = w.col + p % w.cols;
      const float expected = scene.ms.samples[static_cast<std::size_t>((y * 400 + x) * 2)] / 255;
      if (batch.gt.span<float>()[static_cast<std::size_t>(2 * p)] != expected) {
        REQUIRE(batch.gt.span<float>()[static_cast<std::size_t>(2 * p)] == expected);
      }
    }
  }
}
