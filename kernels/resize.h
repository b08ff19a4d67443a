// Interpolation (channels-last): the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct ResizeKernels {};

namespace reference {
void fill(ResizeKernels& k);
}
namespace cpu {
void fill(ResizeKernels& k);
}

}  // namespace cf
