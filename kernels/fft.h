// Discrete Fourier transforms over H and W: the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct FftKernels {};

namespace reference {
void fill(FftKernels& k);
}
namespace cpu {
void fill(FftKernels& k);
}

}  // namespace cf
