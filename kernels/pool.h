// Max and average pooling (channels-last): the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct PoolKernels {};

namespace reference {
void fill(PoolKernels& k);
}
namespace cpu {
void fill(PoolKernels& k);
}

}  // namespace cf
