// Counter-based random numbers: uniform, normal, dropout masks: the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct RandomKernels {};

namespace reference {
void fill(RandomKernels& k);
}
namespace cpu {
void fill(RandomKernels& k);
}

}  // namespace cf
