// The kernels that NVIDIA's libraries compute, where they are only a part of their family.
#pragma once

#include "kernels/fft.h"

namespace cf::cuda {

// dft2 by cuFFT; the rest of the family is our own (fft.cu).
void fill_dft2(FftKernels& k);

}  // namespace cf::cuda
