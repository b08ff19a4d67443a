// Matrix products: the contract every backend fills in. f32 and f64.
#pragma once

#include "framework/core/view.h"

namespace cf {

// A transposed operand is stored (..., K, M) or (..., N, K).
struct MatmulParams {
  bool transpose_a = false;
  bool transpose_b = false;
};

struct MatmulKernels {
  // y = a b + bias: a (..., M, K), b (..., K, N), bias (N) or none, y (..., M, N); leading dimensions equal.
  void (*matmul)(MatmulParams p, ConstView a, ConstView b, ConstView bias, View y);
};

namespace reference {
void fill(MatmulKernels& k);
}
namespace cpu {
void fill(MatmulKernels& k);
}
namespace cuda {
void fill(MatmulKernels& k);
}

}  // namespace cf
