// Matrix products: the contract every backend fills in.
#pragma once

#include "framework/core/view.h"

namespace cf {

struct MatmulKernels {};

namespace reference {
void fill(MatmulKernels& k);
}
namespace cpu {
void fill(MatmulKernels& k);
}

}  // namespace cf
