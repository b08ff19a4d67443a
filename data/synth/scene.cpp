#include "data/synth/scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/image/mtf.h"
#include "data/presets.h"
#include "data/synth/noise.h"
#include "framework/core/parallel.h"

namespace cf::synth {
namespace {

constexpr double kLevelsOfShares = 10000;

enum Kind : std::uint64_t { kSensorNoise = 32 };

// What a band sees at every cell of the canvas, in DN before the optics.
Planes radiance(const Canvas& canvas, const BandModel& band, double full_scale) {
  Planes out(canvas.side, canvas.side, 1);
  parallel_for(out.pixels(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      const Cell& cell = canvas.cells[static_cast<std::size_t>(p)];
      const double base = band.response[static_cast<std::size_t>(cell.base)];
      const double other = band.response[static_cast<std::size_t>(cell.other)];
      const double surface = cell.light * (base + cell.mix * (other - base));
      out.data[static_cast<std::size_t>(p)] = full_scale * (surface * (band.diffuse + (1 - band.diffuse) * cell.sun) + band.path);
    }
  });
  return out;
}

// A Gaussian whose gain at the Nyquist frequency is `gain`, sampled at whole pixels shifted by `offset`.
std::vector<double> pan_taps(double gain, double offset) {
  const double sigma = std::sqrt(-2 * std::log(gain)) / std::numbers::pi;
  std::vector<double> taps;
  double sum = 0;
  for (int k = -4; k <= 4; ++k) {
    taps.push_back(std::exp(-std::pow(k - offset, 2) / (2 * sigma * sigma)));
    sum += taps.back();
  }
  for (double& tap : taps) tap /= sum;
  return taps;
}

// Both directions, borders replicated.
Planes blur(const Planes& in, const std::vector<double>& taps) {
  Planes rows(in.rows, in.cols, 1);
  Planes out(in.rows, in.cols, 1);
  const auto n = static_cast<std::int64_t>(taps.size());
  const auto pass = [&](auto&& filter_row) {
    parallel_for(in.rows, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t y = begin; y < end; ++y) filter_row(y);
    });
  };
  pass([&](std::int64_t y) {
    for (std::int64_t k = 0; k < n; ++k) {
      const double* from = in.band(0) + std::clamp<std::int64_t>(y + k - n / 2, 0, in.rows - 1) * in.cols;
      double* to = rows.band(0) + y * in.cols;
      for (std::int64_t x = 0; x < in.cols; ++x) to[x] += taps[static_cast<std::size_t>(k)] * from[x];
    }
  });
  pass([&](std::int64_t y) {
    const double* from = rows.band(0) + y * in.cols;
    for (std::int64_t x = 0; x < in.cols; ++x) {
      for (std::int64_t k = 0; k < n; ++k) {
        out.at(y, x, 0) += taps[static_cast<std::size_t>(k)] * from[std::clamp<std::int64_t>(x + k - n / 2, 0, in.cols - 1)];
      }
    }
  });
  return out;
}

// Shot noise and read noise (a signal-to-noise ratio of about 150 at a quarter of full scale), then whole DN.
void digitise(Planes& image, double full_scale, std::uint64_t seed, std::uint64_t band) {
  const Philox rng = make_rng(seed, RngStream::synth, (std::uint64_t{kSensorNoise} << 40U) ^ band);
  const double read = 5e-4 * full_scale;
  const double shot = 1.6e-3 * full_scale;
  parallel_for(image.pixels(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      double& v = image.data[static_cast<std::size_t>(p)];
      const double sigma = std::sqrt(read * read + shot * shot * std::max(0.0, v) / (0.25 * full_scale));
      v = std::clamp(std::round(v + sigma * rng.normal(static_cast<std::uint64_t>(p))), 0.0, full_scale);
    }
  });
}

}  // namespace

Sensor make_sensor(const std::string& name, std::int64_t bands, std::int64_t ratio) {
  const SensorPreset& preset = sensor_preset(name);
  Sensor sensor;
  sensor.name = name;
  sensor.bands = bands == 0 ? preset.bands : bands;
  sensor.ratio = ratio;
  sensor.full_scale = preset.scale > 1 ? preset.scale : kLevelsOfShares;
  sensor.gains = mtf_gains(sensor.bands == preset.bands ? preset.mtf : "none", sensor.bands);
  sensor.pan_gain = mtf_pan_gain(preset.mtf);
  return sensor;
}

Canvas make_landscape(std::int64_t side, std::uint64_t seed) {
  Canvas canvas = make_canvas(side, seed);
  paint_ground(canvas);
  place_buildings(canvas);
  place_cars(canvas);
  place_trees(canvas);
  cast_shadows(canvas);
  add_texture(canvas);
  return canvas;
}

Observation observe(const Canvas& canvas, const Sensor& sensor) {
  check(canvas.side % sensor.ratio == 0, "synth: a scene of {} PAN pixels is no multiple of the ratio {}", canvas.side,
        sensor.ratio);
  const SensorModel model = sensor_model(sensor.name, sensor.bands);
  const std::int64_t ratio = sensor.ratio;
  Observation seen{{canvas.side / ratio, canvas.side / ratio, sensor.bands}, {}};
  for (std::int64_t b = 0; b < sensor.bands; ++b) {
    const Planes light = radiance(canvas, model.ms[static_cast<std::size_t>(b)], sensor.full_scale);
    const std::vector<double> gain = {sensor.gains[static_cast<std::size_t>(b)]};
    Planes band = mtf_filter(light, gain, ratio, {ratio, ratio / 2});
    digitise(band, sensor.full_scale, canvas.seed, static_cast<std::uint64_t>(b));
    std::copy(band.data.begin(), band.data.end(), seen.ms.band(b));
  }
  // MS pixel i is sampled at canvas cell ratio i + ratio / 2. For an even ratio PAN's pixels lie half a cell on, which puts
  // that cell at PAN's coordinate ratio i + (ratio - 1) / 2.
  const double offset = ratio % 2 == 0 ? 0.5 : 0.0;
  seen.pan = blur(radiance(canvas, model.pan, sensor.full_scale), pan_taps(sensor.pan_gain, offset));
  digitise(seen.pan, sensor.full_scale, canvas.seed, 1U << 20U);
  return seen;
}

}  // namespace cf::synth
