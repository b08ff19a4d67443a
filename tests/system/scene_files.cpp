#include "tests/system/scene_files.h"

#include <fmt/format.h>

#include <cmath>

namespace cf::test {
namespace {

// The ground in PAN pixels, 0.1 .. 0.8.
double ground(double y, double x, double b) {
  return 0.45 + 0.15 * std::sin(0.05 * x + 0.4 * b) * std::cos(0.04 * y) + 0.1 * std::sin(0.21 * x + 0.17 * y + b) +
         0.08 * std::sin(1.1 * x - 0.8 * y);
}

// MS pixels without data: two corners.
bool ms_hole(std::int64_t y, std::int64_t x, std::int64_t rows, std::int64_t cols) {
  return y + x < 7 || (rows - 1 - y) + (cols - 1 - x) < 5;
}
bool pan_hole(std::int64_t y, std::int64_t x) { return y >= 60 && y < 76 && x >= 70 && x < 90; }

float sample(const SceneSpec& s, double value) {
  const double number = value * s.full;
  return static_cast<float>(is_integer(s.type) ? std::round(number) : number);
}

}  // namespace

std::string utm(int zone) {
  return fmt::format(
      R"(PROJCS["WGS 84 / UTM zone {0}N",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],)"
      R"(PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]],PROJECTION["Transverse_Mercator"],)"
      R"(PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",{1}],PARAMETER["scale_factor",0.9996],)"
      R"(PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1],AUTHORITY["EPSG","326{0:02}"]])",
      zone, 6 * zone - 183);
}

RasterInfo scene_info(const SceneSpec& s, bool pan) {
  RasterInfo info;
  const double step = pan ? 0.5 : 0.5 * static_cast<double>(s.ratio);
  const double begin = pan ? 0.5 * static_cast<double>(s.shift) : 0;
  info.rows = pan ? s.rows : s.rows / s.ratio;
  info.cols = pan ? s.cols : s.cols / s.ratio;
  info.type = s.type;
  info.crs = s.crs;
  info.transform = GeoTransform{500000 + begin, 4500000 - begin, step, -step};
  info.bands.resize(static_cast<std::size_t>(pan ? 1 : s.bands));
  constexpr std::array kNames = {"Blue", "Green", "Red", "NIR"};
  for (std::size_t b = 0; b < info.bands.size(); ++b) {
    info.bands[b].nodata = s.nodata;
    if (!pan && b < kNames.size()) info.bands[b].name = kNames[b];
    if (!pan && b < 3) info.bands[b].colour = kNames[b];
  }
  return info;
}

void write_raster(const std::filesystem::path& file, const RasterInfo& info,
                  const std::function<float(std::int64_t, std::int64_t, std::int64_t)>& value, const RasterFormat& format) {
  const auto bands = static_cast<std::int64_t>(info.bands.size());
  std::vector<float> samples;
  for (std::int64_t i = 0; i < info.rows * info.cols * bands; ++i) {
    samples.push_back(value(i / bands / info.cols, i / bands % info.cols, i % bands));
  }
  const auto writer = create_raster(file, info, format);
  writer->write({0, 0, info.rows, info.cols}, samples);
  writer->finish();
}

void write_scene(const std::filesystem::path& folder, const SceneSpec& s) {
  const auto nodata = static_cast<float>(s.nodata.value_or(0));
  const auto shift = static_cast<double>(s.shift);
  write_raster(folder / "pan.tif", scene_info(s, true), [&](auto y, auto x, auto) {
    if (s.holes && pan_hole(y + s.shift, x + s.shift)) return nodata;
    double mean = 0;
    for (std::int64_t b = 0; b < s.bands; ++b) {
      mean += ground(static_cast<double>(y) + shift, static_cast<double>(x) + shift, static_cast<double>(b));
    }
    return sample(s, mean / static_cast<double>(s.bands));
  });
  const RasterInfo ms = scene_info(s, false);
  write_raster(folder / "ms.tif", ms, [&](auto y, auto x, auto b) {
    if (s.holes && ms_hole(y, x, ms.rows, ms.cols)) return nodata;
    // The mean of the PAN pixels below, roughly: four of them.
    double sum = 0;
    for (const double dy : {0.25, 0.75}) {
      for (const double dx : {0.25, 0.75}) {
        const auto r = static_cast<double>(s.ratio);
        sum += ground(r * (static_cast<double>(y) + dy) - 0.5, r * (static_cast<double>(x) + dx) - 0.5, static_cast<double>(b));
      }
    }
    return sample(s, sum / 4);
  });
}

Image read_image(const std::filesystem::path& file) {
  const auto reader = open_raster(file);
  const RasterInfo& info = reader->info();
  Image image{info.rows, info.cols, std::ssize(info.bands), {}};
  image.samples.resize(static_cast<std::size_t>(image.rows * image.cols * image.bands));
  reader->read({0, 0, info.rows, info.cols}, image.samples);
  return image;
}

bool has_gdal() {
  const bool has = !raster_library().empty();
  if (!has) MESSAGE("skipped: this build reads no rasters");
  return has;
}

}  // namespace cf::test
