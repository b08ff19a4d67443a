// Rasters of PAN and MS for tests of scenes, and what came out.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "data/raster/raster.h"

namespace cf::test {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// WKT of UTM zones on WGS 84: EPSG:326<zone>.
std::string utm(int zone);

// A pair of rasters of one piece of ground, in pixels of 0.5 m and 0.5 ratio m from (500000, 4500000) on.
struct SceneSpec {
  std::int64_t rows = 128;  // of PAN
  std::int64_t cols = 160;
  std::int64_t ratio = 4;
  std::int64_t bands = 4;
  SampleType type = SampleType::u16;
  std::optional<double> nodata = std::nullopt;  // of both
  bool holes = false;                           // nodata corners of MS, a nodata block in PAN
  std::int64_t shift = 0;                       // PAN begins and ends this many PAN pixels later than MS
  double full = 2047;                           // about the largest value
  std::string crs = utm(35);
};

struct Image {
  std::int64_t rows = 0, cols = 0, bands = 0;
  std::vector<float> samples;

  float at(std::int64_t y, std::int64_t x, std::int64_t b) const {
    return samples[static_cast<std::size_t>((y * cols + x) * bands + b)];
  }
};

// Writes pan.tif and ms.tif into a folder.
void write_scene(const std::filesystem::path& folder, const SceneSpec& spec);
// One raster of a value per row, column and band.
void write_raster(const std::filesystem::path& file, const RasterInfo& info,
                  const std::function<float(std::int64_t, std::int64_t, std::int64_t)>& value, const RasterFormat& format = {});
RasterInfo scene_info(const SceneSpec& spec, bool pan);

Image read_image(const std::filesystem::path& file);

// False, with a message, where this build reads no rasters.
bool has_gdal();

}  // namespace cf::test
