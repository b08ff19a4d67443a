#include "kernels/laconv.h"

namespace cf::cpu {

void fill(LaconvKernels& k) { (void)k; }

}  // namespace cf::cpu
