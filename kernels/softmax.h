// Softmax over the last dimension: the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct SoftmaxKernels {};

namespace reference {
void fill(SoftmaxKernels& k);
}
namespace cpu {
void fill(SoftmaxKernels& k);
}

}  // namespace cf
