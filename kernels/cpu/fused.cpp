#include "kernels/fused.h"

namespace cf::cpu {

void fill(FusedKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
