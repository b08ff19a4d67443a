// Haar wavelets and the box high-pass (channels-last): the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct WaveletKernels {};

namespace reference {
void fill(WaveletKernels& k);
}
namespace cpu {
void fill(WaveletKernels& k);
}

}  // namespace cf
