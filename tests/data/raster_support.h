// Rasters for tests, written by the program's own writer; what it does not write (masks, rotation, radar) through GDAL's
// virtual format, which is text.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "data/raster/raster.h"
#include "tests/harness/temp_folder.h"

namespace cf::test {

inline bool has_rasters() {
  const bool has = !raster_library().empty();
  if (!has) MESSAGE("skipped: this build reads no rasters");
  return has;
}

inline RasterInfo raster_info(SampleType type, std::int64_t rows, std::int64_t cols, std::size_t bands) {
  RasterInfo info;
  info.rows = rows;
  info.cols = cols;
  info.type = type;
  info.bands.resize(bands);
  info.transform = GeoTransform{500000, 4400000, 2, -2};
  return info;
}

// A value for every pixel that the type can hold and that differs from its neighbours.
inline float raster_value(SampleType type, std::int64_t row, std::int64_t col, std::size_t band) {
  const auto n = static_cast<double>((row * 31 + col * 7 + static_cast<std::int64_t>(band) * 13) % 120);
  if (!is_integer(type)) return as_sample((n - 60) * 0.37);
  const double lowest = range_of(type).lowest;
  return as_sample(lowest < 0 ? n - 60 : n);
}

inline std::vector<float> raster_pixels(const RasterInfo& info, const Window& window) {
  std::vector<float> pixels;
  pixels.reserve(static_cast<std::size_t>(window.pixels()) * info.bands.size());
  for (std::int64_t row = window.row; row < window.row + window.rows; ++row) {
    for (std::int64_t col = window.col; col < window.col + window.cols; ++col) {
      for (std::size_t band = 0; band < info.bands.size(); ++band) pixels.push_back(raster_value(info.type, row, col, band));
    }
  }
  return pixels;
}

inline Window whole(const RasterInfo& info) { return {0, 0, info.rows, info.cols}; }

// Writes raster_pixels in windows of `side`.
inline void write_raster(const std::filesystem::path& file, const RasterInfo& info, const RasterFormat& format = {},
                         std::int64_t side = 512) {
  const auto writer = create_raster(file, info, format);
  for (std::int64_t row = 0; row < info.rows; row += side) {
    for (std::int64_t col = 0; col < info.cols; col += side) {
      const Window window{row, col, std::min(side, info.rows - row), std::min(side, info.cols - col)};
      writer->write(window, raster_pixels(info, window));
    }
  }
  writer->finish();
}

inline std::vector<float> read_window(RasterReader& reader, const Window& window) {
  std::vector<float> pixels(static_cast<std::size_t>(window.pixels()) * reader.info().bands.size());
  reader.read(window, pixels);
  return pixels;
}

inline std::vector<std::uint8_t> read_mask(RasterReader& reader, const Window& window) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(window.pixels()));
  reader.read_mask(window, mask);
  return mask;
}

inline void write_text_file(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }

// A virtual band that shows band `source_band` of `source`, a file in the same folder.
inline std::string vrt_band(int band, const std::string& type, const std::string& source, int source_band,
                            const std::string& more = {}) {
  return fmt::format(
      R"(<VRTRasterBand dataType="{}" band="{}">{}<SimpleSource><SourceFilename relativeToVRT="1">{}</SourceFilename>)"
      R"(<SourceBand>{}</SourceBand></SimpleSource></VRTRasterBand>)",
      type, band, more, source, source_band);
}

inline std::string vrt(std::int64_t rows, std::int64_t cols, const std::string& content) {
  return fmt::format(R"(<VRTDataset rasterXSize="{}" rasterYSize="{}">{}</VRTDataset>)", cols, rows, content);
}

}  // namespace cf::test
