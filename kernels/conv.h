// Convolutions (channels-last): the contract every backend fills in. f32 and f64.
#pragma once

#include <cstdint>

#include "framework/core/view.h"

namespace cf {

struct ConvParams {
  std::int64_t stride = 1;
  std::int64_t padding = 0;  // zeros, on each side
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
  double leaky_slope = 1;  // of the LeakyReLU behind the bias, in forward kernels only (1: none)
};

// Backward kernels take dy before the LeakyReLU: the operator masks it once for both of them.
struct ConvKernels {
  // y = leaky(x * w + b): x (N, H, W, I), w (O, kH, kW, I/groups), b (O) or none, y (N, H', W', O).
  void (*conv2d_fwd)(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y);
  // The gradient of x.
  void (*conv2d_dgrad)(const ConvParams& p, ConstView dy, ConstView w, View dx);
  // The gradients of w and, unless it is none, of b.
  void (*conv2d_wgrad)(const ConvParams& p, ConstView x, ConstView dy, View dw, View db);

  // The adjoint of conv2d: x (N, H, W, I), w (I, kH, kW, O), b (O) or none, y (N, H', W', O); groups = dilation = 1.
  void (*conv_transpose2d_fwd)(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y);
  void (*conv_transpose2d_dgrad)(const ConvParams& p, ConstView dy, ConstView w, View dx);
  void (*conv_transpose2d_wgrad)(const ConvParams& p, ConstView x, ConstView dy, View dw, View db);
};

namespace reference {
void fill(ConvKernels& k);
}
namespace cpu {
void fill(ConvKernels& k);
}
namespace cuda {
void fill(ConvKernels& k);
}

}  // namespace cf
