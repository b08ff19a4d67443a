#include "kernels/wavelet.h"

namespace cf::cpu {

void fill(WaveletKernels& k) { (void)k; }

}  // namespace cf::cpu
