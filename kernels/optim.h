// Optimizer steps on flat buffers: the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct OptimKernels {};

namespace reference {
void fill(OptimKernels& k);
}
namespace cpu {
void fill(OptimKernels& k);
}

}  // namespace cf
