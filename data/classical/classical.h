// Classical methods of pan-sharpening, for scenes of any size and for the images of data sets: EXP, Brovey, GSA, BT-H,
// MTF-GLP-FS.
//
// With E the LMS, P PAN, R the ratio; fusion is f_b = ... for each band b:
//   exp         E_b
//   brovey      E_b P / I, I = sum w_b E_b (Gillespie et al., Remote Sensing of Environment 1987); equal weights unless given
//   gsa         E_b + g_b (P - mean P + mean I - I), I = sum w_b E_b, w by least squares, with a constant, of low-passed and
//               decimated PAN on MS; g_b = cov(I, E_b) / var I (Aiazzi, Baronti, Selva, IEEE TGRS 2007)
//   bt-h        max(E_b - L_b, 0) P' / I + L_b, I = sum a_b (E_b - L_b), a by least squares of low-passed PAN on E; L is haze:
//               0.95, 0.45, 0.40, 0.05 of the first percentile of B, G, R, NIR of four bands, else the band's least value;
//               P' = (P - mean P_L) std I / std P_L + mean I (Lolli et al., IEEE GRSL 2017)
//   mtf-glp-fs  E_b + g_b (P - P_b), P_b being PAN filtered by the band's MTF, decimated and interpolated as MS is;
//               g_b = cov(E_b, P) / cov(P_b, P) (Vivone, Restaino, Chanussot, IEEE TGRS 2018)
// Where I is not positive the LMS stays. Sums are taken in double over the pixels that have data.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/scene/method.h"
#include "framework/tensor/tensor.h"

namespace cf {

struct ClassicalOptions {
  std::string sensor = "none";  // whose MTF gains are used (data/image/mtf.h)
  std::vector<double> gains;    // MTF gain of each MS band, or one for all; empty: the sensor's
  double pan_gain = 0;          // of PAN; 0: the sensor's
  std::vector<double> weights;  // Brovey's, of each band; empty: equal ones
  // The toolbox's choices: Brovey fits PAN's mean and deviation to I first; GSA low-passes PAN by LPfilterGauss instead of the
  // sensor's MTF of PAN.
  bool toolbox = false;
};

struct ClassicalName {
  std::string_view key;    // "mtf-glp-fs"
  std::string_view title;  // "MTF-GLP-FS"
};

// In the order of a table: exp, brovey, gsa, bt-h, mtf-glp-fs.
std::span<const ClassicalName> classical_names();
bool is_classical(std::string_view key);

// The method as a way of fusing scenes; keys as above. One survey of the scene finds what depends on all of it. P_b is
// interpolated as LMS is, PAN being low-passed at the phase that LMS has: at the centres of the cells of R x R pixels (between
// four pixels where R is even) or on the toolbox's pixel R / 2. Throws Error for an unknown key or sensor (at begin() for one
// whose MTF table has another number of bands) and impossible options.
std::unique_ptr<SceneMethod> classical_method(std::string_view key, const ClassicalOptions& options = {});

// A whole image of a data set: pan (H, W, P) (the mean of its bands is used), ms (H / R, W / R, B), lms (H, W, B), in one
// unit; the result is (H, W, B), f32. PAN is low-passed with replicated borders, decimated where upsample_lms puts
// samples, and interpolated by it. Throws Error where the sizes disagree.
Tensor fuse_classical(std::string_view key, const Tensor& pan, const Tensor& ms, const Tensor& lms, std::int64_t ratio,
                      const ClassicalOptions& options = {});

}  // namespace cf
