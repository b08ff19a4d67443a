#include "kernels/fmim.h"

namespace cf::cuda {

void fill(FmimKernels& k) {
  k.attenuate = [](auto...) { fail("attenuate: no kernel for CUDA"); };
}

}  // namespace cf::cuda
