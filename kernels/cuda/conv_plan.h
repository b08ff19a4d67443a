// Convolutions as a library is told of them: which of three passes, extents and strides of the operands, window. Pure
// arithmetic, so that what is described can be checked by carrying it out, without the library.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/conv_geometry.h"
#include "kernels/math_mode.h"

namespace cf::cuda {

// All six kernels are passes of a plain convolution y = x * w: each takes two of (x, w, y), or their gradients, and makes the
// third.
enum class ConvPass : std::uint8_t {
  forward,  // y
  data,     // x
  weights,  // w
};

// What a plan depends on.
struct ConvKey {
  ConvPass pass;
  ConvGeometry g;
  DType dtype;
  // Of forward passes whose plan does these two as well.
  bool bias;
  double leaky_slope;
  int alignment;  // bytes of which every operand's address is a multiple
  int device;
  MathMode mode;

  auto operator<=>(const ConvKey&) const = default;
};

// A call of a pass: what it makes is written, the rest is read.
struct ConvCall {
  ConvPass pass;
  ConvGeometry g;
  View x, w, y;  // (N, H, W, I), (O, kH, kW, I/groups), (N, H', W', O)

  const View& result() const { return pass == ConvPass::forward ? y : pass == ConvPass::data ? x : w; }
};

// An operand, dimensions in the library's order and strides in elements: (N, C, H, W), for a weight (O, I/groups, kH, kW).
struct ConvTensor {
  std::array<std::int64_t, 4> extents;
  std::array<std::int64_t, 4> strides;
};

struct ConvDescription {
  ConvTensor x, w, y, bias;
  // (rows, columns); the padding stands on each side.
  std::array<std::int64_t, 2> stride, padding, dilation;
};

// Channels are the fastest dimension of all operands.
inline ConvTensor channels_last(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
  return {{n, c, h, w}, {h * w * c, 1, w * c, c}};
}

// The number of groups is that of x's channels over w's.
inline ConvDescription describe_conv(const ConvGeometry& g) {
  return {channels_last(g.n, g.in, g.h, g.w),
          channels_last(g.out, g.group_in, g.kh, g.kw),
          channels_last(g.n, g.out, g.out_h, g.out_w),
          channels_last(1, g.out, 1, 1),
          {g.stride, g.stride},
          {g.padding, g.padding},
          {g.dilation, g.dilation}};
}

}  // namespace cf::cuda
