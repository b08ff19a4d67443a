#include "kernels/loss.h"

namespace cf::reference {

void fill(LossKernels& k) { (void)k; }

}  // namespace cf::reference
