// Small sets in SEN12MS-CR's layout written for a test.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "data/raster/raster.h"

namespace cf::test {

inline constexpr std::int64_t kSide = 16;

// Whether rasters cannot be written here, which is said.
inline bool no_gdal() {
  if (!raster_library().empty()) return false;
  MESSAGE("skipped: built without GDAL");
  return true;
}

struct ImageSpec {
  std::int64_t bands = 13;
  std::int64_t side = kSide;
  double origin_x = 400000;
  SampleType type = SampleType::u16;
};

// `value`(band, pixel) as a GeoTIFF.
template <class F>
void write_image(const std::filesystem::path& file, const ImageSpec& spec, F&& value) {
  std::filesystem::create_directories(file.parent_path());
  RasterInfo info;
  info.rows = info.cols = spec.side;
  info.type = spec.type;
  info.bands.resize(static_cast<std::size_t>(spec.bands));
  info.transform = {spec.origin_x, 5300000, 10, -10};
  const auto writer = create_raster(file, info, {.block = 16});
  std::vector<float> samples;
  for (std::int64_t p = 0; p < spec.side * spec.side; ++p) {
    for (std::int64_t b = 0; b < spec.bands; ++b) samples.push_back(value(b, p));
  }
  writer->write({0, 0, spec.side, spec.side}, samples);
  writer->finish();
}

inline std::filesystem::path file_of(const std::filesystem::path& root, const std::string& sensor, int scene, int patch) {
  return root / "ROIs1158_spring" / (sensor + "_" + std::to_string(scene)) /
         ("ROIs1158_spring_" + sensor + "_" + std::to_string(scene) + "_p" + std::to_string(patch) + ".tif");
}

inline float radar_value(std::int64_t b, std::int64_t p) {
  return static_cast<float>(b == 0 ? -10 : -20) - 0.05F * static_cast<float>(p);
}
inline float clear_value(std::int64_t b, std::int64_t p) { return static_cast<float>(100 * b + p); }
inline float cloudy_value(std::int64_t b, std::int64_t p) { return static_cast<float>(b == 12 ? 30000 : 200 * b + p); }

inline void write_radar(const std::filesystem::path& file, ImageSpec spec = {}) {
  spec.bands = spec.bands == 13 ? 2 : spec.bands;
  spec.type = SampleType::f32;
  write_image(file, spec, radar_value);
}

inline void write_triplet(const std::filesystem::path& root, int scene, int patch) {
  write_radar(file_of(root, "s1", scene, patch));
  write_image(file_of(root, "s2", scene, patch), {}, clear_value);
  write_image(file_of(root, "s2_cloudy", scene, patch), {}, cloudy_value);
}

}  // namespace cf::test
