#include "kernels/loss.h"

namespace cf::cpu {

void fill(LossKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
