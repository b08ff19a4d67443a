// SSDiff's frequency modulation: the contract every backend fills in. The reference takes f32 and f64.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct FmimKernels {
  // y (N, H, W, C) with the four frequencies (u, v), u and v in {0, -1}, of each plane multiplied by `scale`, and the real part
  // taken. H, W >= 2.
  //
  // In closed form, with a = 2 pi h / H, b = 2 pi w / W and the sums over the plane
  //   D = sum y,  A_f = sum y cos f,  B_f = sum y sin f  for the angles f = a, b, a + b,
  //   out = y + (scale - 1) / (H W) * (D + sum over f of (A_f cos f + B_f sin f)).
  // For real y the real part of a filter with gains g(u, v) is the filter with gains (g(u, v) + g(-u, -v)) / 2. Those are real
  // and even, so the operator is symmetric: it is its own gradient.
  void (*attenuate)(ConstView y, double scale, View out);
};

namespace reference {
void fill(FmimKernels& k);
}
namespace cpu {
void fill(FmimKernels& k);
}
namespace cuda {
void fill(FmimKernels& k);
}

}  // namespace cf
