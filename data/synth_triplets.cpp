#include "data/synth_triplets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "data/raster/raster.h"
#include "data/synth/noise.h"
#include "data/synth/satellites.h"
#include "data/synth/scene.h"
#include "data/synth_dataset.h"
#include "data/triplets.h"
#include "framework/core/staged_file.h"

namespace cf {
namespace {

constexpr std::int64_t kPatch = 256;
constexpr std::int64_t kStride = 128;
constexpr int kFirstPatch = 30;  // as in the real set
constexpr double kPixel = 10;    // m
constexpr std::array<const char*, 4> kSeasons = {"ROIs1158_spring", "ROIs1868_summer", "ROIs1970_fall", "ROIs2017_winter"};

// UTM zone 32 north.
constexpr const char* kCrs =
    R"(PROJCS["WGS 84 / UTM zone 32N",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,)"
    R"(AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],)"
    R"(AUTHORITY["EPSG","4326"]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],)"
    R"(PARAMETER["central_meridian",9],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],)"
    R"(PARAMETER["false_northing",0],UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH],AUTHORITY["EPSG","32632"]])";

constexpr std::uint64_t kCover = 48;  // names random draws

struct SceneName {
  std::string season;
  std::int64_t number = 1;
  std::string str() const { return fmt::format("{}_{}", season, number); }
};

SceneName scene_name(std::int64_t index) {
  return {kSeasons[static_cast<std::size_t>(index) % kSeasons.size()], index / static_cast<std::int64_t>(kSeasons.size()) + 1};
}

// Of band after band, pixels side by side.
std::vector<float> interleaved(const Planes& image) {
  std::vector<float> values(image.data.size());
  for (std::int64_t b = 0; b < image.bands; ++b) {
    for (std::int64_t p = 0; p < image.pixels(); ++p) {
      values[static_cast<std::size_t>(p * image.bands + b)] = static_cast<float>(image.band(b)[p]);
    }
  }
  return values;
}

// Patches of one scene as they are written.
class SceneWriter {
 public:
  SceneWriter(std::filesystem::path folder, std::int64_t index)
      : folder_(std::move(folder)), name_(scene_name(index)), origin_x_(400000 + 20000 * static_cast<double>(index)) {}

  void write(const Planes& image, const char* sensor, SampleType type) const {
    const std::filesystem::path folder = folder_ / name_.season / fmt::format("{}_{}", sensor, name_.number);
    make_synth_folder(folder);
    int patch = kFirstPatch;
    for (std::int64_t y = 0; y + kPatch <= image.rows; y += kStride) {
      for (std::int64_t x = 0; x + kPatch <= image.cols; x += kStride, ++patch) {
        const auto file = folder / fmt::format("{}_{}_{}_p{}.tif", name_.season, sensor, name_.number, patch);
        RasterInfo info;
        info.rows = info.cols = kPatch;
        info.type = type;
        info.bands.resize(static_cast<std::size_t>(image.bands));
        info.transform = {origin_x_ + kPixel * static_cast<double>(x), 5300000 - kPixel * static_cast<double>(y), kPixel,
                          -kPixel};
        info.crs = kCrs;
        const auto writer = create_raster(file, info, {.block = kPatch});
        writer->write({0, 0, kPatch, kPatch}, interleaved(image.crop(y, x, kPatch, kPatch)));
        writer->finish();
      }
    }
  }

 private:
  std::filesystem::path folder_;
  SceneName name_;
  double origin_x_;
};

std::filesystem::path write_scenes(const std::filesystem::path& folder, const char* list, std::int64_t first, std::int64_t count,
                                   std::int64_t side, std::uint64_t seed) {
  std::string names;
  for (std::int64_t i = first; i < first + count; ++i) {
    const auto salt = static_cast<std::uint64_t>(i);
    const TripletScene scene = make_triplet_scene(side, make_rng(seed, RngStream::synth, salt).bits(0));
    const SceneWriter writer(folder, i);
    writer.write(scene.radar, "s1", SampleType::f32);
    writer.write(scene.clear, "s2", SampleType::u16);
    writer.write(scene.cloudy, "s2_cloudy", SampleType::u16);
    names += scene_name(i).str() + "\n";
  }
  StagedFile target(folder / list);
  std::ofstream file(target.tmp());
  file << names;
  file.close();
  check(file.good(), "{}: writing failed; is the disk full?", (folder / list).string());
  target.commit();
  return folder / list;
}

}  // namespace

TripletScene make_triplet_scene(std::int64_t side, std::uint64_t seed) {
  const synth::Canvas canvas = synth::make_landscape(side * synth::kCellsPerPixel, seed);
  TripletScene scene;
  scene.radar = synth::radar_image(canvas, seed);
  scene.clear = synth::optical_image(canvas);
  synth::Dice dice(seed, kCover, 0);
  const synth::CloudField clouds = synth::make_clouds(canvas, side, dice.uniform(0.25, 0.6), seed);
  scene.opacity = clouds.opacity;
  scene.cloudy = scene.clear;
  const double sun = dice.uniform(0.96, 1.04);  // of another day
  for (double& v : scene.cloudy.data) v *= sun;
  scene.cloudy = synth::with_clouds(scene.cloudy, clouds);
  synth::digitise_optical(scene.clear, seed, 0);
  synth::digitise_optical(scene.cloudy, seed, 1);
  return scene;
}

std::vector<std::filesystem::path> write_triplets(const std::filesystem::path& folder, const SynthOptions& o) {
  const std::int64_t size = o.size == 0 ? 512 : o.size;
  check(size >= kPatch && (size - kPatch) % kStride == 0,
        "synth: size is {}, expected {} plus a multiple of {} for patches of {}", size, kPatch, kStride, kPatch);
  check(o.bands == 0 || o.bands == 13, "synth: {} bands; Sentinel-2 has 13", o.bands);
  check(o.train_scenes >= 1 && o.test_images >= 1, "synth: {} training scenes and {} test images, expected 1 or more of each",
        o.train_scenes, o.test_images);
  check(!raster_library().empty(), "synth: this program was built without GDAL, which writes SEN12MS-CR's GeoTIFFs");
  make_synth_folder(folder);
  for (const char* season : kSeasons) {
    check(!std::filesystem::exists(folder / season), "synth: {} is there already; name another folder, or move it away",
          (folder / season).string());
  }
  const std::int64_t valid = std::max<std::int64_t>(1, o.train_scenes / 4);
  return {write_scenes(folder, "train.txt", 0, o.train_scenes, size, o.seed),
          write_scenes(folder, "valid.txt", o.train_scenes, valid, kPatch + kStride, o.seed),
          write_scenes(folder, "test.txt", o.train_scenes + valid, o.test_images, kPatch, o.seed)};
}

}  // namespace cf
