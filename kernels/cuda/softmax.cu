#include "kernels/softmax.h"

namespace cf::cuda {

void fill(SoftmaxKernels&) {}

}  // namespace cf::cuda
