// Losses fused with their mean: the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct LossKernels {};

namespace reference {
void fill(LossKernels& k);
}
namespace cpu {
void fill(LossKernels& k);
}

}  // namespace cf
