// Moving elements: concat, slice, permute, pad, pixel shuffle: the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct LayoutKernels {};

namespace reference {
void fill(LayoutKernels& k);
}
namespace cpu {
void fill(LayoutKernels& k);
}

}  // namespace cf
