// The sensors' modulation transfer functions: how sharp an MS band is compared with PAN's grid. Used to degrade images by
// Wald's protocol and to compare a fused image with the MS it came from.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/image/planes.h"

namespace cf {

// The sensor's name in one spelling: QB, IKONOS, GeoEye1, WV4, WV2, WV3, GF2, Landsat, or "none". Takes any case and the
// names of data sets (wv3, qb, ge1, landsat7, quickbird ...). Throws Error naming the known ones.
std::string canonical_sensor(std::string_view name);

// MTF gain at the Nyquist frequency of each MS band. Sensors without a table of their own (GF2, Landsat, none) have 0.30
// in every band. Throws Error where the sensor's table has another number of bands, or the sensor is unknown.
// Source: Vivone et al., "A critical comparison among pansharpening algorithms", IEEE TGRS 2015, and its toolbox.
std::vector<double> mtf_gains(std::string_view sensor, std::int64_t bands);
// The same of PAN; 0.15 where there is no table.
double mtf_pan_gain(std::string_view sensor);

inline constexpr std::int64_t kMtfTaps = 41;

// The 41 x 41 filter of gain G at ratio R, row by row. In frequency a Gaussian exp(-(u^2 + v^2) / (2 a^2)) with
// a = (40 / (2 R)) / sqrt(-2 ln G), u, v = -20 .. 20; its inverse DFT is multiplied by a radial Kaiser window (beta 0.5,
// linearly interpolated, zero beyond the inscribed circle). The sum is near 0.9987, not 1: the toolbox does not normalise.
// Throws Error unless 0 < G < 1 and R > 1.
std::vector<double> mtf_kernel(double gain, std::int64_t ratio);

// A quadrant of the same filter, taps at (v + shift, u + shift) for v, u = 0 .. 20, row by row: shift 0 for a result on a pixel,
// 1/2 for one in the middle of four. `span` stands for the 40 in the formula of a; the toolbox's LPfilterGauss takes 41 (and
// a gain of 0.3). Throws Error as mtf_kernel.
std::vector<double> mtf_quadrant(double gain, std::int64_t ratio, double shift, double span = kMtfTaps - 1);

// Which pixels of a filtered image are wanted: every `step`-th, from `phase`; `between`: half a pixel right of and below each.
struct Decimation {
  std::int64_t step = 1;
  std::int64_t phase = 0;
  bool between = false;
};

// Where upsample_lms() (data/image/interp.h) puts the samples back: pixel R / 2 of R where R is a power of two, else the middle.
Decimation lms_decimation(std::int64_t ratio);

// Each band filtered with its gain's kernel, borders replicated. gains: one per band, or one for all; span: as mtf_quadrant().
Planes mtf_filter(const Planes& image, std::span<const double> gains, std::int64_t ratio, Decimation keep = {},
                  double span = kMtfTaps - 1);
Tensor mtf_filter(const Tensor& image, std::span<const double> gains, std::int64_t ratio, Decimation keep = {});

}  // namespace cf
