#include "kernels/cuda/open.h"

namespace cf::cuda {

std::string open() { return "this build has no CUDA: configure with -DCF_CUDA=ON where the CUDA toolkit is installed"; }

}  // namespace cf::cuda
