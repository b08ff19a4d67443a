// Locally adaptive convolution: the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct LaconvKernels {};

namespace reference {
void fill(LaconvKernels& k);
}
namespace cpu {
void fill(LaconvKernels& k);
}

}  // namespace cf
