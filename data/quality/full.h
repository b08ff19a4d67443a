// Metrics without ground truth (full resolution), as the field's MATLAB toolbox computes them.
// fused, lms: (H, W, B), LMS being MS on PAN's grid; pan: (H, W, 1); values in DN.
#pragma once

#include <span>

#include "data/image/planes.h"

namespace cf::quality {

// Spectral distortion of QNR (Alparone et al., PE&RS 2008), p = 1: mean over band pairs of |Q(f_i, f_j) - Q(lms_i, lms_j)|,
// Q over blocks that do not overlap. 0 for a single band. Throws Error where the sizes differ.
double d_lambda(const Planes& fused, const Planes& lms, std::int64_t block = 32);

// Spatial distortion of QNR, q = 1: mean over bands of |Q(f_b, pan) - Q(lms_b, low)|, where low is PAN degraded by a bicubic
// imresize and brought back like MS. Throws Error where the sizes differ or are not a multiple of ratio.
double d_s(const Planes& fused, const Planes& lms, const Planes& pan, std::int64_t ratio, std::int64_t block = 32);

// Khan's spectral distortion (Khan et al., IEEE TGRS 2009): 1 - Q2n(lms, fused filtered by the MTF), on PAN's grid without
// decimation. gains: of each band (mtf_gains).
double d_lambda_k(const Planes& fused, const Planes& lms, std::span<const double> gains, std::int64_t ratio,
                  std::int64_t block = 32);

}  // namespace cf::quality
