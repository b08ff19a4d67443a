// Losses fused with their mean: the contract every backend fills in. f32 and f64; on a GPU f32 and bf16, where y and dy of bf16
// are f32.
#pragma once

#include <cstdint>

#include "framework/core/view.h"

namespace cf {

enum class Loss : std::uint8_t { l1, mse, charbonnier };

struct LossKernels {
  // y (1) = mean of f(x - target); kernels/loss_functors.h has f. `eps` is charbonnier's.
  void (*loss)(Loss kind, double eps, ConstView x, ConstView target, View y);
  // dx = dy (1) * f'(x - target) / numel
  void (*loss_grad)(Loss kind, double eps, ConstView x, ConstView target, ConstView dy, View dx);
};

namespace reference {
void fill(LossKernels& k);
}
namespace cpu {
void fill(LossKernels& k);
}
namespace cuda {
void fill(LossKernels& k);
}

}  // namespace cf
