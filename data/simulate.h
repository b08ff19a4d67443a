// Wald's protocol: reduced-resolution data from real images, the observed MS becoming the ground truth (Wald, Ranchin,
// Mangolini, "Fusion of satellite images of different spatial resolutions", PE&RS 1997), as the field's toolbox does it.
#pragma once

#include <span>

#include "data/image/planes.h"

namespace cf {

struct ReducedSet {
  Planes gt;   // (H, W, B): the MS that was given
  Planes ms;   // (H / ratio, W / ratio, B)
  Planes lms;  // (H, W, B)
  Planes pan;  // (H, W, P)
};

// MS filtered by the sensor's MTF (gains: of each band, or one) and decimated where upsample_lms puts the samples back, at ratios
// that are powers of two on pixel ratio / 2. Real values: not rounded. Throws Error where H or W is no multiple of ratio.
Planes degrade_ms(const Planes& ms, std::span<const double> gains, std::int64_t ratio);

// PAN made smaller by the bicubic, antialiased imresize. Throws Error where H or W is no multiple of ratio.
Planes degrade_pan(const Planes& pan, std::int64_t ratio);

// Both at once; LMS is upsample_lms of the degraded MS. round_dn rounds MS and PAN to whole DN, as files hold them.
// Throws Error where PAN is not ratio times the size of MS, or MS is no multiple of ratio.
ReducedSet simulate_wald(const Planes& ms, const Planes& pan, std::span<const double> gains, std::int64_t ratio, bool round_dn);

}  // namespace cf
