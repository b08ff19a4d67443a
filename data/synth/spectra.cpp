#include "data/synth/spectra.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "data/presets.h"
#include "framework/core/check.h"

namespace cf::synth {
namespace {

constexpr int kSamples = 13;  // 400, 450 ... 1000 nm
constexpr double kLast = 1000;
using Spectrum = std::array<double, kSamples>;

// Typical reflectances, rounded, in the order of Material.
constexpr std::array<Spectrum, kMaterials> kLibrary = {{
    {.030, .040, .050, .100, .070, .050, .120, .400, .480, .500, .510, .480, .500},  // grass
    {.020, .025, .030, .060, .040, .030, .080, .300, .380, .400, .410, .380, .400},  // canopy
    {.015, .020, .025, .040, .030, .025, .050, .180, .230, .250, .260, .240, .250},  // conifer
    {.030, .040, .050, .120, .080, .050, .150, .480, .560, .580, .590, .550, .570},  // crop
    {.070, .100, .150, .220, .280, .320, .360, .410, .440, .460, .470, .470, .480},  // ripe crop
    {.060, .080, .110, .150, .190, .220, .260, .310, .340, .360, .370, .370, .380},  // dry grass
    {.050, .060, .080, .110, .150, .180, .210, .240, .260, .280, .290, .300, .310},  // brown soil
    {.040, .050, .060, .090, .180, .230, .260, .280, .290, .290, .300, .320, .330},  // red soil
    {.120, .160, .210, .270, .330, .370, .400, .420, .440, .450, .460, .470, .480},  // sand
    {.070, .075, .080, .085, .090, .095, .100, .102, .105, .108, .110, .112, .114},  // asphalt
    {.160, .190, .220, .250, .270, .280, .290, .300, .300, .300, .300, .300, .300},  // concrete
    {.050, .060, .070, .100, .200, .280, .320, .330, .340, .340, .340, .350, .360},  // tile
    {.300, .330, .360, .380, .390, .400, .400, .400, .400, .390, .380, .370, .370},  // metal
    {.180, .300, .280, .200, .140, .120, .140, .200, .260, .300, .320, .320, .320},  // blue roof
    {.050, .050, .055, .060, .060, .060, .060, .065, .070, .070, .070, .075, .080},  // dark roof
    {.400, .520, .580, .600, .610, .620, .620, .620, .610, .600, .590, .580, .570},  // white paint
    {.050, .050, .045, .035, .020, .012, .008, .005, .003, .002, .002, .001, .001},  // clear water
    {.060, .070, .090, .120, .100, .085, .060, .040, .030, .020, .012, .008, .006},  // turbid water
}};

// Sunlight at the ground relative to its maximum.
constexpr Spectrum kSun = {.80, 1.0, .98, .93, .88, .79, .72, .64, .58, .49, .45, .40, .37};

double sample(const Spectrum& spectrum, double nm) {
  const double at = std::clamp((nm - 400) / 50, 0.0, static_cast<double>(kSamples - 1));
  const auto low = static_cast<std::size_t>(std::min(at, static_cast<double>(kSamples) - 1.001));
  return spectrum[low] + (at - static_cast<double>(low)) * (spectrum[low + 1] - spectrum[low]);
}

// nm that PAN sees.
std::pair<double, double> pan_range(std::string_view sensor) {
  if (sensor == "qb" || sensor == "gf2") return {450, 900};
  if (sensor == "ikonos") return {526, 929};
  if (sensor == "landsat") return {520, 900};
  return {450, 800};
}

// The mean over [from, to] nm, weighted by sunlight where that matters.
BandModel band_model(double from, double to) {
  // Light on a white surface reaches 1.25 of what the sensor holds: the brightest roofs just do not saturate.
  constexpr double kExposure = 1.25;
  BandModel model;
  model.response.assign(kMaterials, 0.0);
  int count = 0;
  for (double nm = from; nm <= to; nm += 10, ++count) {
    for (int m = 0; m < kMaterials; ++m) {
      model.response[static_cast<std::size_t>(m)] += kExposure * sample(kSun, nm) * reflectance(static_cast<Material>(m), nm);
    }
    // Rayleigh scattering goes with the fourth power of the frequency, haze flattens it.
    model.diffuse += 0.12 + 0.12 * std::pow(450 / nm, 2);
    model.path += 0.06 * std::pow(450 / nm, 3.5);
  }
  for (double& r : model.response) r /= count;
  model.diffuse /= count;
  model.path /= count;
  return model;
}

}  // namespace

double reflectance(Material material, double nm) { return sample(kLibrary[static_cast<std::size_t>(material)], nm); }

SensorModel sensor_model(std::string_view sensor, std::int64_t bands) {
  check(bands >= 1, "synth: {} bands, expected 1 or more", bands);
  const SensorPreset& preset = sensor_preset(sensor);
  // The library ends at 1000 nm: bands of sensors that see further are spread like those of unknown place.
  const bool own = static_cast<std::int64_t>(preset.wavelengths.size()) == bands && preset.wavelengths.back() <= kLast;
  SensorModel model;
  for (std::int64_t b = 0; b < bands; ++b) {
    const double spread = 430 + 500 * (static_cast<double>(b) + 0.5) / static_cast<double>(bands);
    const double centre = own ? preset.wavelengths[static_cast<std::size_t>(b)] : spread;
    model.ms.push_back(band_model(centre - 20, centre + 20));
  }
  const auto [from, to] = pan_range(sensor);
  model.pan = band_model(from, to);
  return model;
}

}  // namespace cf::synth
