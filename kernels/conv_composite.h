// The fused convolution kernel by kernel: what its fusion is measured against, and what computes it where nobody fused it.
#pragma once

#include "kernels/table.h"

namespace cf {

struct FusedConvCall {
  ConvParams params;
  ConvFusion fusion;
  ConstView x, w, b;
  View y;
};

// `forward` is the convolution to take, the rest comes from `table`.
void conv2d_composite(const KernelTable& table, decltype(ConvKernels::conv2d_fwd) forward, const FusedConvCall& call);

// As ConvKernels::conv2d_fused_fwd, by the backend's own kernels.
template <Backend backend>
void conv2d_composite_of(const ConvParams& p, const ConvFusion& f, ConstView x, ConstView w, ConstView b, View y) {
  const KernelTable& table = kernel_table(backend);
  conv2d_composite(table, table.conv.conv2d_fwd, {p, f, x, w, b, y});
}

}  // namespace cf
