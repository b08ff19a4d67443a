#include "kernels/wavelet.h"

namespace cf::cuda {

void fill(WaveletKernels&) {}

}  // namespace cf::cuda
