#include "kernels/norm.h"

namespace cf::cpu {

void fill(NormKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
