#include "kernels/laconv.h"

namespace cf::cpu {

void fill(LaconvKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
