#include "kernels/elementwise.h"

namespace cf::cpu {

void fill(ElementwiseKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
