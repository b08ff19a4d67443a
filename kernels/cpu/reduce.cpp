#include "kernels/reduce.h"

namespace cf::cpu {

void fill(ReduceKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
