#include "data/describe.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "data/hdf5.h"
#include "data/image/interp.h"
#include "data/presets.h"
#include "framework/tensor/tensor.h"
#include "tests/data/make_set.h"
#include "tests/harness/temp_folder.h"

using namespace cf;
using test::contains;
using test::error_of;

namespace {

// Two samples of two bands, 80 x 80 PAN pixels, with lms as the interpolation makes it but for `spoil` DN at one pixel inside.
void write_true_set(const std::filesystem::path& path, double factor, double spoil) {
  const std::int64_t h = 20;
  std::vector<double> ms = test::values_of<double>(test::kMs, 2, 2, h, h);
  for (double& v : ms) v *= factor;
  std::vector<double> lms;
  for (std::size_t plane = 0; plane < 4; ++plane) {
    const Tensor image = Tensor::from({h, h, 1}, std::span<const double>(ms).subspan(plane * 400, 400));
    const auto fine = interp23tap(image, 4).to_vector<double>();
    lms.insert(lms.end(), fine.begin(), fine.end());
  }
  lms[3 * 6400 + 40 * 80 + 40] += spoil;
  lms[0] += 500;  // at the border, where it does not count
  hdf5::Writer writer(path);
  writer.write<double>("ms", std::vector<std::int64_t>{2, 2, h, h}, ms);
  writer.write<double>("lms", std::vector<std::int64_t>{2, 2, 80, 80}, lms);
  writer.write<double>("pan", std::vector<std::int64_t>{2, 80, 80}, std::vector<double>(12800, 300 * factor));
  writer.commit();
}

}  // namespace

TEST_CASE("describe: shapes, ranges, scale and lms of a sound set") {
  const test::TempFolder folder;
  const auto path = folder / "train_wv3.h5";
  write_true_set(path, 1, 0.5);
  const DataReport report = describe_data(path);
  CHECK(report.format == "HDF5");
  CHECK(report.arrays.size() == 3);
  CHECK(report.samples == 2);
  CHECK(report.bands == 2);
  CHECK(report.pan_bands == 1);
  CHECK(report.ratio == 4);
  CHECK(report.sensor == "wv3");
  CHECK(report.expected_scale == 2047);
  CHECK(report.fitting_scale == 2047);
  REQUIRE(report.lms.has_value());
  CHECK(report.lms->samples == 2);
  CHECK(report.lms->agrees);
  CHECK(report.lms->largest_difference == doctest::Approx(0.5).epsilon(1e-3));
  CHECK(report.warnings.empty());
  const ArrayReport& pan = report.arrays[2];
  CHECK(pan.name == "pan");
  CHECK(pan.least == 300);
  CHECK(pan.largest == 300);
  CHECK(pan.mean == doctest::Approx(300));
  CHECK(contains(to_text(report), "2 x 80 x 80"));
  CHECK(contains(to_text(report), "agrees"));
}

TEST_CASE("describe: what is wrong is told") {
  const test::TempFolder folder;
  const auto path = folder / "set.h5";
  write_true_set(path, 1, 3);
  CHECK(contains(to_text(describe_data(path)), "warning: lms differs from the 23-tap interpolation of ms by up to 3 DN"));
  CHECK(contains(to_text(describe_data(path, 255)), "the scale looks wrong: values up to 14"));
  CHECK(contains(to_text(describe_data(path, 65535)), "no value above 14"));
  CHECK(contains(to_text(describe_data(path, 65535)), "2047 would fit"));
  write_true_set(path, 1.0 / 2047, 0);
  CHECK(contains(to_text(describe_data(path)), "already scaled to [0, 1]?"));

  test::write_set<double>(path, {});
  CHECK(contains(to_text(describe_data(path)), "lms not compared with ms: images of 12 x 20"));
  test::write_set<double>(path, {.ratio = 3});
  CHECK(contains(to_text(describe_data(path)), "does not exist at ratio 3"));
  test::write_set<double>(path, {.samples = 0});
  CHECK(contains(to_text(describe_data(path)), "warning: the set holds no samples"));

  hdf5::Writer writer(path);
  std::vector<double> values = {1, std::numeric_limits<double>::quiet_NaN(), 3, std::numeric_limits<double>::infinity()};
  writer.write<double>("other", std::vector<std::int64_t>{4}, values);
  writer.commit();
  const DataReport report = describe_data(path);
  CHECK(report.samples == 0);
  CHECK(report.arrays[0].bad == 2);
  CHECK(report.arrays[0].mean == 2);
  CHECK(contains(to_text(report), "warning: other has 2 values that are NaN or infinite"));
  CHECK(contains(error_of([&] { (void)describe_data(folder / "none.h5"); }), "docs/data.md"));
}

TEST_CASE("presets: scales, bands and PanCollection's names") {
  CHECK(sensor_preset("gf2").scale == 1023);
  CHECK(sensor_preset("landsat").scale == 255);
  CHECK(sensor_preset("wv3").bands == 8);
  CHECK(sensor_preset("wv3").file_name(Split::train) == "train_wv3.h5");
  CHECK(sensor_preset("qb").file_name(Split::test_reduced) == "test_qb_multiExm1.h5");
  CHECK(sensor_preset("gf2").file_name(Split::test_full) == "test_gf2_OrigScale_multiExm1.h5");
  CHECK(contains(error_of([] { (void)sensor_preset("spot"); }), "no sensor 'spot'; known are wv3, wv2"));
  CHECK(rgb_bands(8) == std::array<std::int64_t, 3>{4, 2, 1});
  CHECK(rgb_bands(4) == std::array<std::int64_t, 3>{2, 1, 0});
  CHECK(rgb_bands(102) == std::array<std::int64_t, 3>{42, 24, 6});
  CHECK(rgb_bands(1) == std::array<std::int64_t, 3>{0, 0, 0});
  CHECK(likely_scale(1024) == 2047);
  CHECK(likely_scale(0.9) == 1);
}

TEST_CASE("presets: hyperspectral sensors and triplets") {
  for (const SensorPreset& preset : sensor_presets()) {
    CAPTURE(preset.name);
    CHECK((preset.wavelengths.empty() || static_cast<std::int64_t>(preset.wavelengths.size()) == preset.bands));
    for (const std::int64_t band : preset.rgb) CHECK(band < preset.bands);
    if (preset.wavelengths.empty()) continue;
    // What is shown as red, green and blue lies there.
    CHECK(std::abs(preset.wavelengths[static_cast<std::size_t>(preset.rgb[0])] - 650) < 30);
    CHECK(std::abs(preset.wavelengths[static_cast<std::size_t>(preset.rgb[1])] - 555) < 15);
    CHECK(std::abs(preset.wavelengths[static_cast<std::size_t>(preset.rgb[2])] - 472) < 20);
  }
  CHECK(sensor_preset("wdc").bands == 191);
  CHECK(sensor_preset("pavia").metrics == "hyperspectral");
  const SensorPreset& sar = sensor_preset("sar");
  CHECK(sar.ratio == 1);
  CHECK(sar.pan_bands == 2);
  CHECK(sar.file_name(Split::valid) == "valid.txt");
  CHECK(rgb_bands(sar, 13) == std::array<std::int64_t, 3>{3, 2, 1});
  CHECK(rgb_bands(sar, 4) == std::array<std::int64_t, 3>{2, 1, 0});
}

TEST_CASE("presets: bands by wavelength") {
  const std::vector<double> centres = {450, 550, 650, 1300};
  CHECK(band_at(centres, 640, "here") == 2);
  CHECK(band_at(centres, 430, "here") == 0);
  CHECK(contains(error_of([&] { (void)band_at(centres, 1000, "here"); }),
                 "here: no band at 1000 nm; the nearest is band 4 at 1300 nm, of 4 bands between 450 and 1300 nm"));
  CHECK(contains(error_of([&] { (void)band_at(centres, 600, "here"); }), "no band at 600 nm"));
  CHECK(contains(error_of([&] { (void)band_at({}, 600, "here"); }), "no wavelengths are known"));
}
