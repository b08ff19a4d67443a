#include "kernels/softmax.h"

namespace cf::cpu {

void fill(SoftmaxKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
