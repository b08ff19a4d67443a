// Pictures for pages. Images are (H, W, B) or (1, H, W, B), f32 or f64; values that are not finite mean "no data", which is
// transparent here.
#pragma once

#include <string>

#include "data/images.h"
#include "data/report/colour_map.h"

namespace cf {

struct Quicklook {
  std::string png;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

// Where a map's colours begin and end.
struct MapScale {
  ColourMap colours = ColourMap::viridis;
  double low = 0;
  double high = 1;
};

// The smallest whole factor that brings both sides to at most `side` pixels.
std::int64_t thinning(const Tensor& image, std::int64_t side);
// Means of step x step pixels, those without data left out; f64 (H, W, B). At the end of a side a mean may be of fewer.
Tensor thinned(const Tensor& image, std::int64_t step);

// Three bands stretched, or one in grey where the stretch names the same band three times.
Quicklook quicklook(const Tensor& image, const Stretch& stretch);
// The first band of an image as a map.
Quicklook map_picture(const Tensor& values, const MapScale& scale);

// |a - b|, mean over the bands: (H, W, 1), f64. Throws Error on images of different shapes.
Tensor error_map(const Tensor& a, const Tensor& b);
// Mean over the bands: (H, W, 1), f64.
Tensor band_mean(const Tensor& image);
// The percentile of the magnitudes of all finite values (nearest rank); 0 where there are none.
double magnitude(const Tensor& values, double percent);

}  // namespace cf
