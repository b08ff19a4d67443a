#include "data/synth.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

#include "data/hdf5.h"
#include "data/image/interp.h"
#include "data/presets.h"
#include "data/quality/reduced.h"
#include "data/simulate.h"
#include "data/synth/scene.h"
#include "data/synth_dataset.h"
#include "framework/core/parallel.h"
#include "tests/harness/temp_folder.h"

using namespace cf;

namespace {

SynthOptions small_options() {
  SynthOptions options;
  options.size = 64;
  options.train_scenes = 2;
  options.test_images = 1;
  return options;
}

bool equal(const Tensor& a, const Tensor& b) {
  if (a.defined() != b.defined()) return false;
  return !a.defined() || (a.shape() == b.shape() && a.to_vector<double>() == b.to_vector<double>());
}

bool equal(const PatchSet& a, const PatchSet& b) {
  return equal(a.gt, b.gt) && equal(a.ms, b.ms) && equal(a.lms, b.lms) && equal(a.pan, b.pan);
}

// Image i of (N, C, H, W).
Planes image(const Tensor& t, std::int64_t i) {
  Planes out(t.dim(2), t.dim(3), t.dim(1));
  const auto from = t.span<double>().begin() + i * static_cast<std::int64_t>(out.data.size());
  std::copy_n(from, out.data.size(), out.data.begin());
  return out;
}

double largest_difference(const Planes& a, const Planes& b) {
  REQUIRE(a.same_size(b));
  double largest = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) largest = std::max(largest, std::abs(a.data[i] - b.data[i]));
  return largest;
}

void check_digital(const Tensor& t, double full_scale) {
  bool whole = true;
  double low = 1e9, high = -1e9;
  for (const double v : t.span<double>()) {
    whole = whole && v == std::round(v);
    low = std::min(low, v);
    high = std::max(high, v);
  }
  CHECK(whole);
  CHECK(low >= 0);
  CHECK(high <= full_scale);
  CHECK(high > 0.3 * full_scale);  // the range is used
}

}  // namespace

TEST_CASE("synthetic sets depend on the seed and not on the number of threads") {
  SynthOptions options = small_options();
  const int threads = max_threads();
  set_threads(1);
  const SynthSets one = synthesize(options);
  set_threads(3);
  const SynthSets three = synthesize(options);
  options.seed = 2;
  const SynthSets other = synthesize(options);
  set_threads(threads);
  CHECK(equal(one.train, three.train));
  CHECK(equal(one.valid, three.valid));
  CHECK(equal(one.test_reduced, three.test_reduced));
  CHECK(equal(one.test_full, three.test_full));
  CHECK_FALSE(equal(one.train, other.train));
  // Two training scenes and the validation scene are three different landscapes.
  CHECK(largest_difference(image(one.train.gt, 0), image(one.train.gt, 1)) > 50);
  CHECK(largest_difference(image(one.train.gt, 0), image(one.valid.gt, 0)) > 50);
}

TEST_CASE("synthetic sets have PanCollection's shapes and the sensor's range") {
  for (const SensorPreset& preset : sensor_presets()) {
    CAPTURE(preset.name);
    if (preset.bands > 16 || preset.layout != SetLayout::pancollection) continue;
    SynthOptions options = small_options();
    options.sensor = preset.name;
    options.train_scenes = 1;
    const SynthSets sets = synthesize(options);
    CHECK(sets.train.gt.shape() == Shape{1, preset.bands, 64, 64});
    CHECK(sets.train.ms.shape() == Shape{1, preset.bands, 16, 16});
    CHECK(sets.train.lms.shape() == Shape{1, preset.bands, 64, 64});
    CHECK(sets.train.pan.shape() == Shape{1, 1, 64, 64});
    CHECK_FALSE(sets.test_full.gt.defined());
    CHECK(sets.test_full.pan.shape() == Shape{1, 1, 256, 256});
    for (const Tensor& t : {sets.train.gt, sets.test_full.ms, sets.test_full.pan}) check_digital(t, preset.scale);
  }
  SynthOptions options = small_options();
  options.bands = 5;
  options.size = 128;
  const SynthSets sets = synthesize(options);
  CHECK(sets.train.gt.shape() == Shape{8, 5, 64, 64});
  CHECK(sets.test_reduced.gt.shape() == Shape{1, 5, 128, 128});
}

TEST_CASE("synthetic hyperspectral sets: smooth spectra, shares of the scale where files hold them") {
  const test::TempFolder folder;
  SynthOptions options = small_options();
  options.train_scenes = 1;
  options.sensor = "hs";
  const SynthSets sets = synthesize(options);
  REQUIRE(sets.train.gt.shape() == Shape{1, 102, 64, 64});
  CHECK(sets.train.gt.dtype() == DType::f32);
  CHECK(sets.test_full.pan.shape() == Shape{1, 1, 256, 256});
  // Neighbouring bands hardly differ: what does is noise and quantisation.
  const auto values = sets.train.gt.span<float>();
  double steps = 0;
  double sum = 0;
  for (std::size_t i = 0; i + 4096 < values.size(); ++i) {
    steps += static_cast<double>(std::abs(values[i + 4096] - values[i]));
    sum += static_cast<double>(values[i]);
  }
  CHECK(steps / sum < 0.05);
  // Pavia's preset has a scale of 1.
  options.sensor = "pavia";
  const auto paths = write_synth(folder / "pavia", options);
  const hdf5::Array array = hdf5::File(paths[0]).open("gt");
  CHECK(array.info().type == "float32");
  std::vector<float> gt(static_cast<std::size_t>(array.info().numel()));
  array.read<float>(gt);
  const auto [low, high] = std::minmax_element(gt.begin(), gt.end());
  CHECK(*low >= 0);
  CHECK(*high <= 1);
  CHECK(*high > 0.3F);
  options.sensor = "sar";
  CHECK(test::contains(test::error_of([&] { (void)synthesize(options); }), "'sar' has no PAN image"));
}

TEST_CASE("synthetic sets follow Wald's protocol") {
  SynthOptions options = small_options();
  options.size = 128;
  options.sensor = "qb";
  const SynthSets sets = synthesize(options);
  const auto sensor = synth::make_sensor("qb", 0, 4);
  // The reduced test image is a whole scene, so its borders are those of the protocol.
  const Planes gt = image(sets.test_reduced.gt, 0);
  const Planes ms = image(sets.test_reduced.ms, 0);
  Planes degraded = degrade_ms(gt, sensor.gains, 4);
  for (double& v : degraded.data) v = std::round(v);
  CHECK(largest_difference(ms, degraded) == 0);
  CHECK(largest_difference(image(sets.test_reduced.lms, 0), interp23tap(ms, 4)) == 0);
  // What was observed is the ground truth of the other set.
  CHECK(largest_difference(image(sets.test_full.ms, 0), gt) == 0);
  CHECK(largest_difference(image(sets.test_full.lms, 0), interp23tap(gt, 4)) == 0);
  Planes pan = degrade_pan(image(sets.test_full.pan, 0), 4);
  for (double& v : pan.data) v = std::round(v);
  CHECK(largest_difference(image(sets.test_reduced.pan, 0), pan) == 0);
  // A patch is a window of its scene: in the middle, the interpolation of its own MS is the scene's.
  const Planes own = interp23tap(image(sets.train.ms, 3), 4);
  CHECK(largest_difference(own.crop(28, 28, 8, 8), image(sets.train.lms, 3).crop(28, 28, 8, 8)) < 1);
}

TEST_CASE("synthetic PAN shows what MS shows, at the same place, and more of it") {
  SynthOptions options = small_options();
  options.size = 128;
  const SynthSets sets = synthesize(options);
  const Planes gt = image(sets.test_reduced.gt, 0);
  const Planes pan = image(sets.test_reduced.pan, 0);
  const auto correlation = [&](std::int64_t dy, std::int64_t dx) {
    const Planes a = gt.crop(8, 8, 112, 112);
    const Planes b = pan.crop(8 + dy, 8 + dx, 112, 112);
    return quality::pearson(a.band(3), b.band(0), a.pixels());
  };
  CHECK(correlation(0, 0) > 0.85);
  // Centred: a shift to either side loses as much.
  for (const auto& [dy, dx] : {std::pair{0, 1}, std::pair{1, 0}}) {
    const double forth = correlation(dy, dx), back = correlation(-dy, -dx);
    CHECK(correlation(0, 0) > std::max(forth, back) + 0.03);
    CHECK(std::abs(forth - back) < 0.03);
  }
  // The interpolated MS lacks the detail of the ground truth.
  CHECK(quality::ergas(gt, image(sets.test_reduced.lms, 0), 4) > 1.5);
}

TEST_CASE("surfaces differ in their spectra as they do in nature") {
  std::array<std::vector<double>, synth::kCovers> mean;
  std::array<double, synth::kCovers> count{};
  for (auto& m : mean) m.assign(8, 0.0);
  const auto sensor = synth::make_sensor("wv3", 0, 4);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const synth::Canvas canvas = synth::make_landscape(768, seed);
    const Planes ms = synth::observe(canvas, sensor).ms;
    for (std::int64_t i = 0; i < ms.pixels(); ++i) {
      const std::int64_t y = i / ms.cols, x = i % ms.cols;
      const synth::Cell& cell = canvas.at(4 * y + 2, 4 * x + 2);
      if (cell.sun == 0) continue;
      const auto cover = static_cast<std::size_t>(cell.cover);
      count[cover] += 1;
      for (std::int64_t b = 0; b < 8; ++b) mean[cover][static_cast<std::size_t>(b)] += ms.band(b)[i];
    }
  }
  for (std::size_t c = 0; c < mean.size(); ++c) {
    CAPTURE(c);
    REQUIRE(count[c] > 50);  // every kind of surface occurs
    for (double& v : mean[c]) v /= count[c];
  }
  const auto of = [&](synth::Cover cover) { return mean[static_cast<std::size_t>(cover)]; };
  const auto vegetation = [](const std::vector<double>& s) { return (s[6] - s[4]) / (s[6] + s[4]); };  // NDVI
  CHECK(vegetation(of(synth::Cover::tree)) > 0.3);
  CHECK(vegetation(of(synth::Cover::water)) < -0.3);
  CHECK(std::abs(vegetation(of(synth::Cover::road))) < 0.25);
  CHECK(vegetation(of(synth::Cover::grass)) > vegetation(of(synth::Cover::soil)) + 0.05);
  CHECK(of(synth::Cover::pavement)[4] > 1.3 * of(synth::Cover::tree)[4]);
  CHECK(synth::reflectance(synth::Material::grass, 825) > 0.4);
  CHECK(synth::reflectance(synth::Material::clear_water, 1200) == synth::reflectance(synth::Material::clear_water, 1000));
}

TEST_CASE("write_synth makes PanCollection's files") {
  const test::TempFolder folder;
  SynthOptions options = small_options();
  options.sensor = "gf2";
  const auto paths = write_synth(folder / "new" / "deep", options);
  const std::vector<std::string> names = {"train_gf2.h5", "valid_gf2.h5", "test_gf2_multiExm1.h5",
                                          "test_gf2_OrigScale_multiExm1.h5"};
  const SynthSets sets = synthesize(options);
  REQUIRE(paths.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(names[i]);
    CHECK(paths[i].filename() == names[i]);
    const hdf5::File file(paths[i]);
    CHECK(file.list().size() == (i == 3 ? 3 : 4));
    CHECK(file.has("gt") == (i != 3));
    for (const auto& info : file.list()) CHECK(info.type == "float64");
    const auto lms = file.open("lms");
    std::vector<double> values(static_cast<std::size_t>(lms.info().numel()));
    lms.read<double>(values);
    const PatchSet* expected[] = {&sets.train, &sets.valid, &sets.test_reduced, &sets.test_full};
    CHECK(values == expected[i]->lms.to_vector<double>());
  }
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "new" / "deep"), std::filesystem::directory_iterator()) == 4);
}

TEST_CASE("synth says what is wrong") {
  const test::TempFolder folder;
  const auto error = [&](auto&& change) {
    SynthOptions options = small_options();
    change(options);
    return test::error_of([&] { write_synth(folder.path(), options); });
  };
  CHECK(test::contains(error([](SynthOptions& o) { o.sensor = "spot"; }), "known are"));
  CHECK(test::contains(error([](SynthOptions& o) { o.size = 100; }), "multiple of 64"));
  CHECK(test::contains(error([](SynthOptions& o) { o.size = -64; }), "multiple of 64"));
  CHECK(test::contains(error([](SynthOptions& o) { o.bands = -1; }), "-1 bands"));
  CHECK(test::contains(error([](SynthOptions& o) { o.ratio = 3; }), "ratio is 3"));
  CHECK(folder.entries() == 0);
  { std::ofstream(folder / "file") << "x"; }
  CHECK(test::contains(test::error_of([&] { write_synth(folder / "file", small_options()); }), "cannot make the folder"));
  CHECK(test::contains(test::error_of([&] { write_synth("/proc/cfrun", small_options()); }), "cannot make the folder"));
}
