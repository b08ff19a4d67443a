#include "data/synth.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "data/image/interp.h"
#include "data/presets.h"
#include "data/simulate.h"
#include "data/synth/scene.h"
#include "framework/core/rng.h"

namespace cf {
namespace {

constexpr std::int64_t kPatch = 64;
constexpr std::int64_t kStride = 48;  // an overlap of 16
constexpr std::int64_t kTestSide = 256;
constexpr std::int64_t kFullSide = 512;
// From here on images are kept smaller and narrower.
constexpr std::int64_t kManyBands = 17;

// Images in the making: windows of scenes appended one by one.
class PatchWriter {
 public:
  PatchWriter(std::int64_t count, std::int64_t side, const synth::Sensor& sensor, bool with_gt)
      : side_(side), ratio_(sensor.ratio) {
    const std::int64_t low = side / sensor.ratio;
    const DType dtype = sensor.bands < kManyBands ? DType::f64 : DType::f32;
    if (with_gt) set_.gt = Tensor::empty({count, sensor.bands, side, side}, dtype);
    set_.ms = Tensor::empty({count, sensor.bands, low, low}, dtype);
    set_.lms = Tensor::empty({count, sensor.bands, side, side}, dtype);
    set_.pan = Tensor::empty({count, 1, side, side}, dtype);
  }

  // The window of the set at row y, column x of its PAN grid.
  void add(const ReducedSet& scene, std::int64_t y, std::int64_t x) {
    if (set_.gt.defined()) put(set_.gt, scene.gt.crop(y, x, side_, side_));
    put(set_.ms, scene.ms.crop(y / ratio_, x / ratio_, side_ / ratio_, side_ / ratio_));
    put(set_.lms, scene.lms.crop(y, x, side_, side_));
    put(set_.pan, scene.pan.crop(y, x, side_, side_));
    ++next_;
  }

  PatchSet take() { return std::move(set_); }

 private:
  void put(const Tensor& to, const Planes& window) const {
    const std::int64_t before = next_ * static_cast<std::int64_t>(window.data.size());
    if (to.dtype() == DType::f64) {
      std::copy(window.data.begin(), window.data.end(), to.span<double>().begin() + before);
    } else {
      std::transform(window.data.begin(), window.data.end(), to.span<float>().begin() + before,
                     [](double v) { return static_cast<float>(v); });
    }
  }

  PatchSet set_;
  std::int64_t side_;
  std::int64_t ratio_;
  std::int64_t next_ = 0;
};

std::int64_t patches_along(std::int64_t size) { return (size - kPatch) / kStride + 1; }

// The seed of one scene: neighbouring seeds of the user share none.
std::uint64_t scene_seed(std::uint64_t seed, std::uint64_t index) { return make_rng(seed, RngStream::synth, index).bits(0); }

synth::Observation scene_of(const SynthOptions& options, const synth::Sensor& sensor, std::int64_t size, std::uint64_t index) {
  return synth::observe(synth::make_landscape(size * sensor.ratio, scene_seed(options.seed, index)), sensor);
}

PatchSet make_patches(const SynthOptions& options, const synth::Sensor& sensor, std::int64_t scenes, std::int64_t size,
                      std::uint64_t first) {
  const std::int64_t along = patches_along(size);
  PatchWriter writer(scenes * along * along, kPatch, sensor, true);
  for (std::int64_t s = 0; s < scenes; ++s) {
    const auto seen = scene_of(options, sensor, size, first + static_cast<std::uint64_t>(s));
    const ReducedSet reduced = simulate_wald(seen.ms, seen.pan, sensor.gains, sensor.ratio, true);
    for (std::int64_t p = 0; p < along * along; ++p) writer.add(reduced, p / along * kStride, p % along * kStride);
  }
  return writer.take();
}

void check_options(const SynthOptions& o) {
  check(sensor_preset(o.sensor).layout == SetLayout::pancollection, "synth: '{}' has no PAN image", o.sensor);
  check(o.size >= 0 && o.size % kPatch == 0, "synth: size is {}, expected a multiple of {}", o.size, kPatch);
  check(o.ratio == 2 || o.ratio == 4 || o.ratio == 8, "synth: ratio is {}, expected 2, 4 or 8", o.ratio);
  check(o.bands >= 0 && o.bands <= 512, "synth: {} bands, expected 1 .. 512, or 0 for the sensor's own", o.bands);
  check(o.train_scenes >= 1 && o.test_images >= 1, "synth: {} training scenes and {} test images, expected 1 or more of each",
        o.train_scenes, o.test_images);
}

}  // namespace

SynthSets synthesize(const SynthOptions& asked) {
  check_options(asked);
  const synth::Sensor sensor = synth::make_sensor(asked.sensor, asked.bands, asked.ratio);
  const bool many = sensor.bands >= kManyBands;
  SynthOptions options = asked;
  if (options.size == 0) options.size = many ? 192 : 384;
  const std::int64_t test_side = std::min(options.size, kTestSide);
  const auto train_scenes = static_cast<std::uint64_t>(options.train_scenes);
  SynthSets sets;
  sets.train = make_patches(options, sensor, options.train_scenes, options.size, 0);
  sets.valid = make_patches(options, sensor, 1, test_side, train_scenes);
  const std::int64_t full_side = std::min(test_side * sensor.ratio, many ? kFullSide / 2 : kFullSide);
  sets.full_scale = sensor.full_scale;
  PatchWriter reduced(options.test_images, test_side, sensor, true);
  PatchWriter full(options.test_images, full_side, sensor, false);
  for (std::int64_t i = 0; i < options.test_images; ++i) {
    auto seen = scene_of(options, sensor, test_side, train_scenes + 1 + static_cast<std::uint64_t>(i));
    reduced.add(simulate_wald(seen.ms, seen.pan, sensor.gains, sensor.ratio, true), 0, 0);
    // The interpolated scene would take most of the memory.
    if (many) seen.ms = seen.ms.crop(0, 0, full_side / sensor.ratio, full_side / sensor.ratio);
    full.add({{}, seen.ms, upsample_lms(seen.ms, sensor.ratio), seen.pan}, 0, 0);
  }
  sets.test_reduced = reduced.take();
  sets.test_full = full.take();
  return sets;
}

}  // namespace cf
