#include "kernels/loss.h"

namespace cf::cpu {

void fill(LossKernels& k) { (void)k; }

}  // namespace cf::cpu
