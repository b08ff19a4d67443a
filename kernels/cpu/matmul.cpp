#include "kernels/matmul.h"

namespace cf::cpu {

void fill(MatmulKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
