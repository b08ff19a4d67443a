#include "kernels/laconv.h"

namespace cf::reference {

void fill(LaconvKernels& k) { (void)k; }

}  // namespace cf::reference
