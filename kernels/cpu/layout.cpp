#include "kernels/layout.h"

namespace cf::cpu {

void fill(LayoutKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
