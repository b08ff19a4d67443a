// What surfaces look like to a sensor: a small spectral library, the sun, the air, and where the sensors' bands lie.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cf::synth {

enum class Material : std::uint8_t {
  grass,
  canopy,
  conifer,
  crop,
  ripe_crop,
  dry_grass,
  brown_soil,
  red_soil,
  sand,
  asphalt,
  concrete,
  tile,
  metal,
  blue_roof,
  dark_roof,
  white_paint,
  clear_water,
  turbid_water,
};
inline constexpr int kMaterials = 18;

// Reflectance at a wavelength in nm, linear between the library's samples every 50 nm, constant outside 400 .. 1000.
double reflectance(Material material, double nm);

// A spectral band as the scene's light reaches it. Radiance = light * response[material] * (diffuse + (1 - diffuse) * sun)
// + path, where sun is 0 in the shadow and light is 1 on level ground; 1.0 is the brightest the sensor can hold.
struct BandModel {
  std::vector<double> response;  // of each material: reflectance weighted by sunlight
  double diffuse = 0;            // share of the light that comes from the sky: more in the blue
  double path = 0;               // radiance of the air itself: more in the blue
};

struct SensorModel {
  std::vector<BandModel> ms;
  BandModel pan;
};

// The bands of a sensor of sensor_presets() at their centres, each 40 nm wide, so that spectra of many bands are smooth; or
// `bands` of them spread evenly over 430 .. 930 nm where the sensor has another number, centres that are not known, or some
// beyond the library. PAN over its range of wavelengths. Throws Error for another name.
SensorModel sensor_model(std::string_view sensor, std::int64_t bands);

}  // namespace cf::synth
