#include "kernels/conv.h"

namespace cf::cpu {

void fill(ConvKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
