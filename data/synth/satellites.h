// The invented landscape as Sentinel-1's radar and Sentinel-2's camera see it, with and without clouds.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image/planes.h"
#include "data/synth/canvas.h"

namespace cf::synth {

// Each pixel of both satellites covers so many cells of the canvas along a side.
inline constexpr std::int64_t kCellsPerPixel = 2;

// Backscatter (side / 2, side / 2, 2) in dB, VV and VH: that of the materials, added up in power, times speckle of four looks
// (a gamma distribution of mean 1). The ground is flat: neither layover nor radar shadow.
Planes radar_image(const Canvas& canvas, std::uint64_t seed);

// Reflectance at the top of the atmosphere (side / 2, side / 2, 13) times 10000, without noise: B1 .. B8, B8A, B9 .. B12.
Planes optical_image(const Canvas& canvas);

// Of each pixel: how much of it is cloud, how much of the sun a cloud beside it takes, and how bright the cloud is.
struct CloudField {
  std::vector<float> opacity;  // 0 .. 1
  std::vector<float> shadow;   // 0 .. 1
  std::vector<float> brightness;
};

// Clouds that cover about `cover` of side x side pixels; their shadows lie away from the sun of the canvas.
CloudField make_clouds(const Canvas& canvas, std::int64_t side, double cover, std::uint64_t seed);

// The image below the clouds. They are white in the visible, dimmer in the infrared, and all that is seen at 1375 nm.
Planes with_clouds(const Planes& image, const CloudField& clouds);

// What is stored: a little noise, whole numbers of 0 .. 65535. `taken` tells images of one place apart.
void digitise_optical(Planes& image, std::uint64_t seed, std::uint64_t taken);

}  // namespace cf::synth
