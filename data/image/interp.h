// Changing an image's size as the field's MATLAB toolbox does, because networks and metrics are compared on its results.
// Images are (H, W, B) or (H, W), results f64 (H, W, B).
#pragma once

#include "data/image/planes.h"

namespace cf {

// MATLAB's imresize(image, scale), bicubic with antialiasing. Keys' kernel K with a = -0.5 (Keys, "Cubic convolution
// interpolation for digital image processing", 1981); for scale s < 1 the kernel is s K(s x). The output has ceil(n s)
// samples, sample i (from 1) centred on (i + 1/2 (s - 1)) / s; weights sum to 1; borders mirror (half-sample symmetric).
// Throws Error where scale is not positive.
Planes imresize(const Planes& image, double scale);
Tensor imresize(const Tensor& image, double scale);

// The toolbox's interp23tap: log2(ratio) doublings with the 23-tap half-band filter (Aiazzi et al., "Context-driven fusion
// of high spatial and spectral resolution images based on oversampled multiresolution analysis", 2002), circular borders.
// The first doubling puts samples at odd positions, later ones at even positions, so that at ratio 4 sample i lands on
// 4 i + 2, half a pixel right of and below the centre of the area it covers. Throws Error unless ratio is a power of two.
Planes interp23tap(const Planes& image, std::int64_t ratio);
Tensor interp23tap(const Tensor& image, std::int64_t ratio);

// MS brought to PAN's grid: interp23tap where ratio is a power of two, else centred bicubic. Overshoots are kept.
// Throws Error where ratio < 1.
Planes upsample_lms(const Planes& ms, std::int64_t ratio);
Tensor upsample_lms(const Tensor& ms, std::int64_t ratio);

bool is_power_of_two(std::int64_t n);

// Keys' kernel of imresize, a = -0.5; 0 from 2 on.
double cubic_kernel(double x);

}  // namespace cf
