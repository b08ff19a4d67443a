// All metrics of an image at once, under a named convention. Implementations of these metrics disagree (crops, normalisers,
// windows, padding), so every table of numbers carries conventions() with it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

struct QualityOptions {
  // toolbox: the field's MATLAB toolbox. cf2n: the CF2N authors' evaluation code. hyperspectral: the toolbox's definitions of
  // what is reported on hyperspectral sets. clouds: what is reported where clouds are removed.
  enum class Variant { toolbox, cf2n, hyperspectral, clouds };
  Variant variant = Variant::toolbox;
  std::int64_t ratio = 4;  // PAN pixels per MS pixel along a side
  double peak = 2047;      // the largest DN: 2047 of 11 bits, 1023 of 10, 255 of 8; 1 of images that hold shares of it
  // Whose MTF D_lambda_K uses. The field's batch tool takes IKONOS in the place of QB and of GF2: substitute_sensor.
  std::string sensor = "none";
  bool substitute_sensor = true;
  // Reduced resolution: 0 for none, else the toolbox's dim_cut (21, or 30): pixels [crop - 1, n - crop) of each axis are kept,
  // one more at the start than at the end.
  std::int64_t crop = 0;
  bool clip = false;  // fused image to [0, peak + 1], which is the toolbox's [0, 2^L]
};

// Values by name, in the order to print.
using MetricList = std::vector<std::pair<std::string, double>>;

// gt, fused: (H, W, B), in DN.
// toolbox: SAM ERGAS Q2n Q SCC PSNR_band PSNR_pool SSIM CC RMSE.  cf2n: PSNR_band SSIM SAM ERGAS SCC UIQC CC RMSE.
// hyperspectral: PSNR (the mean of the bands') SAM ERGAS CC SSIM Q2n.  clouds: PSNR (pooled) SAM RMSE SSIM.
// Q2n rounds to whole DN; images with a peak of up to 1 are scaled to 65535 for it.
// Values that the definitions leave open are NaN (a correlation with a constant band) or infinite (the PSNR of equal images).
// Throws Error where sizes differ, or an image is too small for a window (32 for Q).
MetricList evaluate_reduced(const Tensor& gt, const Tensor& fused, const QualityOptions& options);

// The values of `clouds`, and the same of the cloudy pixels alone: PSNR_cloud SAM_cloud RMSE_cloud SSIM_cloud (NaN where there
// is no cloud), and their share of the image, "cloudy". `cloudy` (H, W, 13) is the Sentinel-2 image with clouds (see
// data/quality/clouds.h), in reflectance times 10000. Throws Error as evaluate_reduced().
MetricList evaluate_clouds(const Tensor& gt, const Tensor& fused, const Tensor& cloudy, const QualityOptions& options);

// fused, lms: (H, W, B); ms: (H / ratio, W / ratio, B); pan: (H, W) or (H, W, P), of which the mean over P is taken; in DN.
// D_lambda D_s QNR D_lambda_K HQNR;  cf2n: D_lambda D_s QNR.
// An H or W that is no multiple of 32 is allowed: D_lambda and D_s then leave out the rows and columns beyond the last whole
// block, D_lambda_K mirrors them like Q2n. Throws Error where sizes disagree or the MTF table has another number of bands.
MetricList evaluate_full(const Tensor& fused, const Tensor& ms, const Tensor& lms, const Tensor& pan,
                         const QualityOptions& options);

// The value of that name. Throws Error where there is none.
double metric(const MetricList& list, const std::string& name);

// What was computed, in one line: "metrics=toolbox crop=none clip=none sam=nonzero-mean ... mtf=IKONOS (for QB)".
std::string conventions(const QualityOptions& options);

// The sensor whose MTF is used: `sensor`, or what stands in for it.
std::string mtf_sensor(const QualityOptions& options);

}  // namespace cf
