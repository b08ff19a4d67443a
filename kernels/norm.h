// Layer, group and batch normalisation (channels-last): the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct NormKernels {};

namespace reference {
void fill(NormKernels& k);
}
namespace cpu {
void fill(NormKernels& k);
}

}  // namespace cf
