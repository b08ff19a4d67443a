// The extents of a convolution as every backend reads them from its operands.
#pragma once

#include "kernels/conv.h"

namespace cf {

struct ConvGeometry {
  std::int64_t n, h, w, in;        // input (N, H, W, I)
  std::int64_t out_h, out_w, out;  // result (N, H', W', O)
  std::int64_t kh, kw, group_in;   // weight (O, kH, kW, I/groups)
  std::int64_t group_out;          // O/groups
  std::int64_t stride, padding, dilation, groups;

  // The input row or column that offset `k` of the window reads for result `o`; outside [0, extent) it is padding.
  std::int64_t source(std::int64_t o, std::int64_t k) const { return o * stride - padding + k * dilation; }

  bool operator==(const ConvGeometry&) const = default;
  auto operator<=>(const ConvGeometry&) const = default;
};

inline ConvGeometry conv_geometry(const ConvParams& p, const Shape& x, const Shape& w, const Shape& y) {
  return {x[0], x[1], x[2], x[3], y[1], y[2], y[3], w[1], w[2], w[3], w[0] / p.groups, p.stride, p.padding, p.dilation, p.groups};
}

}  // namespace cf
