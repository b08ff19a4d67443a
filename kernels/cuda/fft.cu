#include "kernels/fft.h"

#include "kernels/cuda/library.h"

namespace cf::cuda {

void fill(FftKernels& k) { fill_dft2(k); }

}  // namespace cf::cuda
