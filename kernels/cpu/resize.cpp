#include "kernels/resize.h"

namespace cf::cpu {

void fill(ResizeKernels& k) { (void)k; }

}  // namespace cf::cpu
