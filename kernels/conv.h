// Convolutions (channels-last): the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct ConvKernels {};

namespace reference {
void fill(ConvKernels& k);
}
namespace cpu {
void fill(ConvKernels& k);
}

}  // namespace cf
