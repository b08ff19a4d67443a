#include "data/classical/classical.h"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "data/classical/lowpass.h"
#include "data/classical/statistics.h"
#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "data/scene/grid.h"
#include "data/simulate.h"
#include "framework/core/parallel.h"
#include "tests/data/memory_scene.h"
#include "tests/data/scene.h"

using namespace cf;

namespace {

constexpr double kScale = 2047;

Tensor in_units(const Planes& dn) {
  Tensor t = to_tensor(dn);
  for (double& v : t.span<double>()) v /= kScale;
  return t.to(DType::f32);
}

// As tests/data/golden/make_classical.py: four pixels, then the bands' means and deviations, in DN.
std::vector<double> probes(const Tensor& units) {
  Planes image = to_planes(units, "test");
  for (double& v : image.data) v *= kScale;
  const std::int64_t last = image.bands - 1;
  std::vector<double> values = {image.at(0, 0, 0), image.at(5, 9, last), image.at(63, 64, 1), image.at(127, 127, last)};
  std::vector<double> deviations;
  for (std::int64_t b = 0; b < image.bands; ++b) {
    double mean = 0;
    double squares = 0;
    for (std::int64_t p = 0; p < image.pixels(); ++p) mean += image.band(b)[p] / static_cast<double>(image.pixels());
    for (std::int64_t p = 0; p < image.pixels(); ++p) squares += std::pow(image.band(b)[p] - mean, 2);
    values.push_back(mean);
    deviations.push_back(std::sqrt(squares / static_cast<double>(image.pixels())));
  }
  values.insert(values.end(), deviations.begin(), deviations.end());
  return values;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double largest = 0;
  for (std::size_t i = 0; i < a.span<float>().size(); ++i) {
    largest = std::max(largest, static_cast<double>(std::abs(a.span<float>()[i] - b.span<float>()[i])));
  }
  return largest;
}

test::MemoryScene some_scene(std::int64_t rows, std::int64_t cols, std::int64_t bands, std::int64_t ratio, bool centred = true) {
  test::MemoryScene scene(rows, cols, bands, ratio, centred);
  scene.paint([](double y, double x, std::int64_t b) {
    const auto k = static_cast<double>(b);
    return 0.4 + 0.02 * k + 0.12 * std::sin(0.05 * x * (1 + 0.1 * k)) * std::cos(0.037 * y) +
           0.03 * std::sin(0.31 * x + 0.2 * y + k);
  });
  scene.paint_pan([](double y, double x) {
    return 0.45 + 0.13 * std::sin(0.055 * x) * std::cos(0.037 * y) + 0.05 * std::sin(0.9 * x + 0.5 * y);
  });
  return scene;
}

}  // namespace

TEST_CASE("classical methods on whole images give the golden values") {
  std::ifstream file(std::string(CF_SOURCE_DIR) + "/tests/data/golden/classical.json");
  REQUIRE(file);
  const auto golden = nlohmann::json::parse(file);
  for (const auto& [sensor, bands] : {std::pair{"wv3", 8}, std::pair{"none", 4}, std::pair{"wv2", 8}}) {
    const auto& methods = golden.at(std::string(sensor) + " " + std::to_string(bands));
    const test::Scene s = test::closed_form_scene(128, bands);
    const Planes ms = degrade_ms(s.gt, mtf_gains(sensor, bands), 4);
    const Tensor lms = in_units(upsample_lms(ms, 4));
    CHECK(methods.size() == 7);
    for (const auto& item : methods.items()) {
      const std::string method = item.key();
      CAPTURE(sensor);
      CAPTURE(method);
      ClassicalOptions options;
      options.sensor = sensor;
      options.toolbox = method.find("toolbox") != std::string::npos;
      const std::string key = method.substr(0, method.find(' '));
      const auto values = probes(fuse_classical(key, in_units(s.pan), in_units(ms), lms, 4, options));
      REQUIRE(values.size() == item.value().size());
      // Arithmetic is in f32; BT-H's haze comes from a histogram.
      const double tolerance = key == "bt-h" ? 5e-5 : 2e-6;
      for (std::size_t i = 0; i < values.size(); ++i) {
        CAPTURE(i);
        CHECK(std::abs(values[i] - item.value()[i].get<double>()) <= tolerance * kScale);
      }
    }
  }
}

TEST_CASE("on a scene the methods agree with those on whole images, away from the borders") {
  for (const auto& name : classical_names()) {
    CAPTURE(name.key);
    const test::MemoryScene scene = some_scene(256, 320, 4, 4, false);
    const auto method = classical_method(name.key);
    const Tensor fused = scene.fuse(*method, 256);
    const Tensor whole = fuse_classical(name.key, scene.pan_image(), scene.ms_image(), scene.lms_image(), 4);
    double largest = 0;
    for (std::int64_t i = 0; i < fused.numel(); ++i) {
      const std::int64_t y = i / 4 / 320;
      const std::int64_t x = i / 4 % 320;
      if (y < 72 || x < 72 || y >= 256 - 72 || x >= 320 - 72) continue;
      largest = std::max(largest, static_cast<double>(std::abs(fused.span<float>()[static_cast<std::size_t>(i)] -
                                                               whole.span<float>()[static_cast<std::size_t>(i)])));
    }
    // Other borders change the statistics a little.
    CHECK(largest < 3e-3);
  }
}

TEST_CASE("scenes: the result does not depend on how they are cut, nor on the number of threads") {
  for (const auto& [ratio, centred] : {std::pair{4, true}, std::pair{4, false}, std::pair{3, true}, std::pair{2, true}}) {
    CAPTURE(ratio);
    // Neither side is a multiple of anything.
    const test::MemoryScene scene = some_scene(301, 263, 3, ratio, centred);
    for (const auto& name : classical_names()) {
      CAPTURE(name.key);
      const Tensor once = scene.fuse(*classical_method(name.key), 512);
      for (const std::int64_t core : {24, 96, 210}) {
        CHECK(largest_difference(scene.fuse(*classical_method(name.key), core / ratio * ratio), once) == 0);
      }
      const int threads = max_threads();
      set_threads(threads == 1 ? 2 : 1);
      CHECK(largest_difference(scene.fuse(*classical_method(name.key), 512), once) == 0);
      set_threads(threads);
    }
  }
}

TEST_CASE("scenes: pixels without data do not count in what is learned") {
  const Window hole{100, 60, 40, 30};
  for (const auto& name : classical_names()) {
    CAPTURE(name.key);
    const auto fused_with = [&](float value, bool in_pan) {
      test::MemoryScene scene = some_scene(240, 240, 4, 4);
      scene.punch(hole, value, in_pan);
      return scene.fuse(*classical_method(name.key), 120);
    };
    // Far from the hole results differ by what is learned alone.
    const auto far_difference = [](const Tensor& a, const Tensor& b) {
      double largest = 0;
      for (std::int64_t i = 0; i < a.numel(); ++i) {
        if (i / 4 % 240 < 170) continue;
        const auto at = static_cast<std::size_t>(i);
        largest = std::max(largest, static_cast<double>(std::abs(a.span<float>()[at] - b.span<float>()[at])));
      }
      return largest;
    };
    CHECK(far_difference(fused_with(0.4F, false), fused_with(50.0F, false)) == 0);
    // Filters of PAN see what the hole is filled with, a little: its value counts in nothing else.
    CHECK(far_difference(fused_with(0.40F, true), fused_with(0.42F, true)) < 5e-4);
  }
}

TEST_CASE("scenes: low-passed PAN lies where LMS lies") {
  // PAN is MS at every pixel. Where both lose their detail in the same place, nothing of what MS holds is injected again: the
  // filter takes little from waves this long, a shift by half a pixel would take 20 times as much.
  for (const auto& [ratio, centred] : {std::pair{4, true}, std::pair{4, false}, std::pair{2, true}, std::pair{3, true}}) {
    CAPTURE(ratio);
    CAPTURE(centred);
    test::MemoryScene scene(192, 192, 1, ratio, centred);
    const auto wave = [](double y, double x) { return 0.5 + 0.2 * std::sin(0.04 * x) + 0.2 * std::cos(0.05 * y); };
    scene.paint([&](double y, double x, std::int64_t) { return wave(y, x); });
    scene.paint_pan(wave);
    const Tensor fused = scene.fuse(*classical_method("mtf-glp-fs"), 96);
    double largest = 0;
    for (std::int64_t y = 48; y < 144; ++y) {
      for (std::int64_t x = 48; x < 144; ++x) {
        const double lms = scene.lms_image().span<float>()[static_cast<std::size_t>(y * 192 + x)];
        largest = std::max(largest, std::abs(fused.span<float>()[static_cast<std::size_t>(y * 192 + x)] - lms));
      }
    }
    CHECK(largest < 0.0035);  // of a wave of 0.4; half a pixel off: 0.008
  }
}

TEST_CASE("low-passed PAN is what the MTF filter of whole images gives") {
  const test::Scene s = test::closed_form_scene(128, 1);
  const Tensor pan = to_tensor(s.pan).to(DType::f32);
  const classical::Band band{pan.span<float>().data(), {0, 0, 128, 128}};
  const std::vector<double> gains = {0.3, 0.15};
  const classical::Lowpass filter(gains, 4, 40, 4, 2.0);
  CHECK(filter.before() < -8);
  const Window cells{6, 5, 20, 21};
  std::vector<float> low(static_cast<std::size_t>(cells.pixels() * 2));
  filter.run(band, cells, low.data());
  for (std::size_t g = 0; g < 2; ++g) {
    const Planes whole = mtf_filter(s.pan, std::vector{gains[g]}, 4, {4, 2});
    for (std::int64_t p = 0; p < cells.pixels(); ++p) {
      const double expected = whole.at(cells.row + p / cells.cols, cells.col + p % cells.cols, 0);
      CHECK(low[static_cast<std::size_t>(p) * 2 + g] == doctest::Approx(expected).epsilon(2e-6));
    }
  }
  CHECK_THROWS_WITH_AS(filter.run(band, {0, 5, 2, 2}, low.data()), doctest::Contains("reach beyond"), Error);
}

TEST_CASE("between four pixels the low-pass filter is symmetric and weighs the same in all") {
  const auto on = mtf_quadrant(0.3, 4, 0);
  const auto between = mtf_quadrant(0.3, 4, 0.5);
  double sum_on = 0;
  double sum_between = 0;
  for (std::size_t i = 0; i < on.size(); ++i) {
    const std::size_t v = i / 21;
    const std::size_t u = i % 21;
    sum_on += on[i] * (v == 0 ? 1 : 2) * (u == 0 ? 1 : 2);
    sum_between += 4 * between[i];
  }
  CHECK(sum_on == doctest::Approx(0.998740).epsilon(1e-6));
  CHECK(sum_between == doctest::Approx(sum_on).epsilon(1e-4));
  const Planes image = test::closed_form_scene(64, 1).gt;
  Planes turned = image;
  for (std::int64_t i = 0; i < image.pixels(); ++i)
    turned.data[static_cast<std::size_t>(i)] = image.data[static_cast<std::size_t>(image.pixels() - 1 - i)];
  const std::vector<double> gain = {0.3};
  const Planes a = mtf_filter(image, gain, 4, {4, 1, true});
  const Planes b = mtf_filter(turned, gain, 4, {4, 1, true});
  for (std::int64_t i = 0; i < a.pixels(); ++i) {
    CHECK(a.data[static_cast<std::size_t>(i)] ==
          doctest::Approx(b.data[static_cast<std::size_t>(a.pixels() - 1 - i)]).epsilon(1e-12));
  }
}

TEST_CASE("statistics survive large means, constant bands and being merged") {
  std::vector<double> values;
  for (int i = 0; i < 300; ++i) values.push_back(1e9 + i % 7);
  for (int i = 0; i < 300; ++i) values.push_back(5);
  classical::Moments whole(2, classical::all_pairs(2));
  std::vector<double> copy = values;
  whole.add(copy, 300);
  classical::Moments parts(2, classical::all_pairs(2));
  for (int p = 0; p < 3; ++p) {
    std::vector<double> piece(values.begin() + 100 * p, values.begin() + 100 * (p + 1));
    piece.insert(piece.end(), values.begin() + 300 + 100 * p, values.begin() + 300 + 100 * (p + 1));
    parts.add(piece, 100);
  }
  double mean = 0;
  for (int i = 0; i < 300; ++i) mean += i % 7 / 300.0;
  double variance = 0;
  for (int i = 0; i < 300; ++i) variance += std::pow(i % 7 - mean, 2) / 299;
  for (const auto* moments : {&whole, &parts}) {
    CHECK(moments->mean(0) - 1e9 == doctest::Approx(mean).epsilon(1e-6));
    CHECK(moments->covariance(0, 0) == doctest::Approx(variance).epsilon(1e-9));
    CHECK(moments->covariance(0, 1) == 0);
  }
  CHECK_THROWS_AS(classical::Moments(2, {{0, 1}}).covariance(0, 0), Error);
  // 2 x + y = 5, x + 3 y = 10; then with a variable that never varies.
  const auto x = classical::solve_symmetric({2, 1, 1, 3}, {5, 10});
  CHECK(x[0] == doctest::Approx(1));
  CHECK(x[1] == doctest::Approx(3));
  const auto y = classical::solve_symmetric({2, 0, 1, 0, 0, 0, 1, 0, 3}, {5, 0, 10});
  CHECK(y[0] == doctest::Approx(1));
  CHECK(y[1] == 0);
  CHECK(y[2] == doctest::Approx(3));
}

TEST_CASE("low percentiles are found in any unit") {
  for (const double unit : {1.0, 2047.0, 1e-3}) {
    classical::LowValues values;
    for (int i = 0; i < 10000; ++i) values.add(static_cast<float>(unit * (0.2 + 0.0001 * (i * 7919 % 10000))));
    CHECK(values.least() == doctest::Approx(0.2 * unit));
    CHECK(values.quantile(0.01) == doctest::Approx(unit * 0.20995).epsilon(3e-4));
    values.add(static_cast<float>(-0.5 * unit));
    CHECK(values.least() == doctest::Approx(-0.5 * unit));
  }
  classical::LowValues same;
  for (int i = 0; i < 100; ++i) same.add(7);
  CHECK(same.quantile(0.01) == doctest::Approx(7).epsilon(3e-4));
  CHECK(classical::LowValues().quantile(0.01) == 0);
}

TEST_CASE("a band that is constant, or PAN that is, leaves numbers") {
  for (const auto& name : classical_names()) {
    CAPTURE(name.key);
    test::MemoryScene flat_band = some_scene(96, 96, 4, 4);
    flat_band.paint_band(2, 0.25F);
    test::MemoryScene flat_pan = some_scene(96, 96, 4, 4);
    flat_pan.paint_pan([](double, double) { return 0.3; });
    test::MemoryScene dark = some_scene(96, 96, 4, 4);
    dark.paint([](double, double, std::int64_t) { return 0.0; });
    for (const auto* scene : {&flat_band, &flat_pan, &dark}) {
      const Tensor fused = scene->fuse(*classical_method(name.key), 96);
      bool finite = true;
      for (const float v : fused.span<float>()) finite = finite && std::isfinite(v);
      CHECK(finite);
    }
  }
}

TEST_CASE("classical methods say what is wrong") {
  CHECK_THROWS_WITH_AS(classical_method("gram-schmidt"), doctest::Contains("exp, brovey, gsa, bt-h, mtf-glp-fs"), Error);
  ClassicalOptions options;
  options.sensor = "spot";
  CHECK_THROWS_WITH_AS(classical_method("gsa", options), doctest::Contains("sensor 'spot' is not known"), Error);
  SceneGrid grid{.rows = 64, .cols = 64, .ratio = 4, .bands = 4};
  options.sensor = "wv3";
  CHECK_THROWS_WITH_AS(classical_method("gsa", options)->begin(grid), doctest::Contains("has 8 bands, the image 4"), Error);
  options.sensor = "qb";
  options.weights = {0.5, 0.5};
  CHECK_THROWS_WITH_AS(classical_method("brovey", options)->begin(grid), doctest::Contains("2 weights for 4 bands"), Error);
  options.weights.clear();
  options.gains = {0.3, 1.5, 0.3, 0.3};
  CHECK_THROWS_WITH_AS(classical_method("mtf-glp-fs", options)->begin(grid), doctest::Contains("1.5"), Error);
  const Tensor image = Tensor::zeros({32, 32, 4});
  CHECK_THROWS_WITH_AS(fuse_classical("exp", Tensor::zeros({32, 32, 1}), Tensor::zeros({9, 8, 4}), image, 4),
                       doctest::Contains("the ratio 4"), Error);
}
