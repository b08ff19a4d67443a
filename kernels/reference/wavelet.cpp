#include "kernels/wavelet.h"

namespace cf::reference {

void fill(WaveletKernels& k) { (void)k; }

}  // namespace cf::reference
