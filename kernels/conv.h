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
  // A backward pass will follow: the forward kernel rounds as little as it can, because each LeakyReLU that reads the wrong
  // sign changes gradients. Without one a faster way may round more.
  bool recorded = false;
};

// What becomes of z = x * w + b in a fused convolution.
enum class ConvEnd : std::uint8_t {
  leaky,  // y = leaky(z) + added
  gain,   // y = 2 sigmoid(z)
  blend,  // y = s x + (1 - s) x2 with s = sigmoid(z)
};

struct ConvFusion {
  ConvEnd end = ConvEnd::leaky;
  ConstView x2;     // none, or an image whose channels follow those of x: w takes both
  ConstView added;  // none, or of y's shape
};

// Backward kernels take dy before the LeakyReLU: the operator masks it once for both of them.
struct ConvKernels {
  // y = leaky(x * w + b): x (N, H, W, I), w (O, kH, kW, I/groups), b (O) or none, y (N, H', W', O).
  void (*conv2d_fwd)(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y);
  // The same with what surrounds it; p.leaky_slope belongs to ConvEnd::leaky. f32 and f64; on a GPU f32 and bf16.
  void (*conv2d_fused_fwd)(const ConvParams& p, const ConvFusion& f, ConstView x, ConstView w, ConstView b, View y);
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
