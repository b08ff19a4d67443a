// Fused operators made of element-wise maths and reductions over channels: the contract every backend fills in. f32 and f64; on
// a GPU f32 and bf16.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct FusedKernels {
  // y = s * a + (1 - s) * b with s = sigmoid(g); all of one shape.
  void (*gated_blend)(ConstView g, ConstView a, ConstView b, View y);
  // dg = dy * (a - b) * s * (1 - s), da = dy * s, db = dy * (1 - s). A gradient that is not wanted is an empty view.
  void (*gated_blend_grad)(ConstView g, ConstView a, ConstView b, ConstView dy, View dg, View da, View db);
  // x (..., C) -> y (..., 2): maximum (NaN where there is one) and mean over the last dimension.
  void (*channel_max_mean)(ConstView x, View y);
  // dx = dy[0] shared equally among the channels that reach the maximum, plus dy[1] / C.
  void (*channel_max_mean_grad)(ConstView x, ConstView dy, View dx);
};

namespace reference {
void fill(FusedKernels& k);
}
namespace cpu {
void fill(FusedKernels& k);
}
namespace cuda {
void fill(FusedKernels& k);
}

}  // namespace cf
