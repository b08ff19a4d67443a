// Haar wavelets and the box high-pass (channels-last): the contract every backend fills in. f32 and f64.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct WaveletKernels {
  // x (N, H, W, C), H and W even -> ll, hl, lh, hh, each (N, H/2, W/2, C). With a, b (even, odd row of the even column) and
  // c, d (of the odd column), each halved: LL = a+b+c+d, HL = -a-b+c+d, LH = -a+b-c+d, HH = a-b-c+d. The transform is
  // orthonormal: its inverse is its adjoint, so either is the other's gradient.
  void (*haar_dwt)(ConstView x, View ll, View hl, View lh, View hh);
  void (*haar_iwt)(ConstView ll, ConstView hl, ConstView lh, ConstView hh, View x);
  // y = x minus its size x size box mean, mirrored at the edges (box_mean_map of kernels/axis_map.h); H and W > size / 2.
  void (*high_pass)(ConstView x, std::int64_t size, View y);
  // Its adjoint.
  void (*high_pass_grad)(ConstView dy, std::int64_t size, View dx);
};

namespace reference {
void fill(WaveletKernels& k);
}
namespace cpu {
void fill(WaveletKernels& k);
}
namespace cuda {
void fill(WaveletKernels& k);
}

}  // namespace cf
