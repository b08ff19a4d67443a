// Softmax over the last dimension: the contract every backend fills in. f32 and f64; on a GPU f32 and bf16.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct SoftmaxKernels {
  // y = exp(x - max x) / sum exp(x - max x); y may be x's memory.
  void (*softmax)(ConstView x, View y);
  // dx = y * (dy - sum y * dy); dx may be dy's memory.
  void (*softmax_grad)(ConstView y, ConstView dy, View dx);
};

namespace reference {
void fill(SoftmaxKernels& k);
}
namespace cpu {
void fill(SoftmaxKernels& k);
}
namespace cuda {
void fill(SoftmaxKernels& k);
}

}  // namespace cf
