#include "kernels/optim.h"

namespace cf::cpu {

void fill(OptimKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
