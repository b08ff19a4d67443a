// The metrics as the CF2N authors' own evaluation code defines them, for comparison with the figures it printed. They
// differ from the toolbox's (reduced.h, full.h) and their numbers must not be mixed. Images are scaled to [0, 1].
#pragma once

#include "data/image/planes.h"

namespace cf::quality::cf2n {

// Spectral angle in degrees, mean over all pixels, where a pixel of zero norm counts as an angle of 0.
double sam(const Planes& g, const Planes& f);

// ERGAS normalised by the mean of the fused image instead of the ground truth's.
double ergas(const Planes& g, const Planes& f, std::int64_t ratio);

// Mean over bands of Pearson's correlation of the Sobel derivative ACROSS BANDS: scipy's sobel on (H, W, B) differentiates
// along the last axis, smooths with 1 2 1 along rows and columns, zeros beyond the borders.
double scc(const Planes& g, const Planes& f);

// Mean over bands of one UIQI over the whole band.
double uiqc(const Planes& g, const Planes& f);

// sqrt(sum over bands and pixels of (g - f)^2 / pixels): sqrt(B) times the usual RMSE.
double rmse(const Planes& g, const Planes& f);

// QNR's distortions with one window over the whole band. D_s compares Q(f_b, pan) with Q(ms_b, low), ms at its own
// resolution and low made from PAN by log2(ratio) steps of pyr_down. Throws Error where low and ms differ in size or the
// ratio is not a power of two.
double d_lambda(const Planes& fused, const Planes& lms);
double d_s(const Planes& fused, const Planes& ms, const Planes& pan, std::int64_t ratio);

// One step of a Gaussian pyramid (Burt and Adelson 1983) as OpenCV's pyrDown: filtered by 1 4 6 4 1 / 16 along rows and
// columns, borders reflected about the outermost pixel, every second pixel kept from the first: (n + 1) / 2 of n.
Planes pyr_down(const Planes& image);

}  // namespace cf::quality::cf2n
