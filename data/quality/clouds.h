// Clouds in Sentinel-2 images, and how well what they hide was restored.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image/planes.h"

namespace cf::quality {

// 1 where an image of Sentinel-2's 13 bands (B1 .. B8, B8A, B9 .. B12; reflectance times 10000) is cloudy, row by row: the
// cloud score of Schmitt, Hughes, Qiu, Zhu, "Aggregating cloud-free Sentinel-2 images with Google Earth Engine" (ISPRS Annals
// 2019), which SEN12MS-CR's authors use: the least of what blue, aerosol, aerosol with cirrus, visible brightness and the
// absence of snow say, each between 0 and 1; its mean over 7 x 7 pixels is at least 0.2. Shadows are no clouds.
// Throws Error on another number of bands.
std::vector<std::uint8_t> cloud_mask(const Planes& image);

// The marked pixels of an image, as one row.
Planes marked_pixels(const Planes& image, const std::vector<std::uint8_t>& mask);

}  // namespace cf::quality
