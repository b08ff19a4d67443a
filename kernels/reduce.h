// Reductions: the contract every backend fills in. f32 and f64; sums accumulate in double on the reference backend.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct ReduceKernels {
  // y = x summed over the dimensions along which y's shape (aligned at the last dimension) has extent 1 or none.
  void (*sum_to)(ConstView x, View y);
};

namespace reference {
void fill(ReduceKernels& k);
}
namespace cpu {
void fill(ReduceKernels& k);
}

}  // namespace cf
