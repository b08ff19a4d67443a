// Max and average pooling (channels-last): the contract every backend fills in. f32 and f64; on a GPU f32 and bf16.
#pragma once

#include <cstdint>

#include "framework/core/view.h"

namespace cf {

// Windows of size x size every `stride` pixels, no padding; x (N, H, W, C), y (N, (H-size)/stride + 1, ..., C).
struct PoolParams {
  std::int64_t size = 2;
  std::int64_t stride = 2;
};

struct PoolKernels {
  // NaN counts as the largest value.
  void (*max_fwd)(const PoolParams& p, ConstView x, View y);
  // dy goes to the first element, in row order, that reaches the maximum of its window (found again in x).
  void (*max_grad)(const PoolParams& p, ConstView x, ConstView dy, View dx);
  void (*avg_fwd)(const PoolParams& p, ConstView x, View y);
  void (*avg_grad)(const PoolParams& p, ConstView dy, View dx);
};

namespace reference {
void fill(PoolKernels& k);
}
namespace cpu {
void fill(PoolKernels& k);
}
namespace cuda {
void fill(PoolKernels& k);
}

}  // namespace cf
