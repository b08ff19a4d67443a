// Metrics of a fused image against its ground truth (reduced resolution), as the field's MATLAB toolbox computes them
// (Vivone et al., "A new benchmark based on recent advances in multispectral pansharpening", IEEE GRSM 2021).
// g: ground truth, f: fused, of equal size; values in DN. Every function throws Error where the sizes differ.
#pragma once

#include <cstdint>
#include <span>

#include "data/image/planes.h"

namespace cf::quality {

// Mean spectral angle in degrees over the pixels with |g| |f| > 0 (Yuhas et al. 1992); NaN where there is none. The cosine
// is clamped to [-1, 1].
double sam(const Planes& g, const Planes& f);

// (100 / ratio) sqrt(mean over bands of MSE_b / mean(g_b)^2) (Wald, "Data fusion", 2002): the normaliser is the ground truth.
double ergas(const Planes& g, const Planes& f, std::int64_t ratio);

// Spatial correlation: the cosine between the Sobel gradient magnitudes of both images, one number over all bands and no
// mean subtracted; one pixel is cut off on each side first and the gradient then pads with zeros.
double scc(const Planes& g, const Planes& f);

// 10 log10(peak^2 / MSE), of each band and averaged, or of the MSE over all bands; infinite where the images are equal.
double psnr_band(const Planes& g, const Planes& f, double peak);
double psnr_pool(const Planes& g, const Planes& f, double peak);

// The window of SSIM: a Gaussian of 11 x 11 and sigma 1.5 (Wang et al., IEEE TIP 2004) or a uniform one of 7 x 7 with
// sample covariances, which is scikit-image's default.
enum class SsimWindow { gauss11, uniform7 };

// Mean structural similarity over the windows inside the image, then over bands; K1 = 0.01, K2 = 0.03.
// `centres`: the pixels (row by row) whose windows count, where they are inside; empty: all. NaN where none does.
// Throws Error where the image is smaller than the window.
double ssim(const Planes& g, const Planes& f, double peak, SsimWindow window = SsimWindow::gauss11,
            std::span<const std::uint8_t> centres = {});

// Mean over bands of Pearson's correlation; NaN where a band is constant.
double cc(const Planes& g, const Planes& f);

// sqrt(mean over pixels and bands of (g - f)^2).
double rmse(const Planes& g, const Planes& f);

// --- parts that other metrics share ---
void check_same_size(const Planes& a, const Planes& b, std::string_view what);
double mean_squared_error(const Planes& g, const Planes& f, std::int64_t band);
double band_mean(const Planes& image, std::int64_t band);
// Pearson's correlation of two runs of n values.
double pearson(const double* x, const double* y, std::int64_t n);

}  // namespace cf::quality
