// Reductions: the contract every backend fills in. f32 and f64; on a GPU f32 and bf16. A reduced dimension is one along which the
// smaller tensor's shape, aligned at the last dimension, has extent 1 or none.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct ReduceKernels {
  // y = x summed over the reduced dimensions, accumulated in double in an order that does not depend on the thread count; on a
  // GPU chains of at most 64 neighbouring terms are summed in f32 first.
  void (*sum_to)(ConstView x, View y);
  // y = the largest x along the reduced dimensions; NaN where there is one.
  void (*max_to)(ConstView x, View y);
  // dx = dy shared equally among the elements of x that reach y (NaN reaches NaN), 0 elsewhere.
  void (*max_to_grad)(ConstView x, ConstView y, ConstView dy, View dx);
  // y = scale * x, x repeated along the reduced dimensions: the adjoint of a sum or a mean.
  void (*expand)(ConstView x, double scale, View y);
};

namespace reference {
void fill(ReduceKernels& k);
}
namespace cpu {
void fill(ReduceKernels& k);
}
namespace cuda {
void fill(ReduceKernels& k);
}

}  // namespace cf
