#include "kernels/attention.h"

namespace cf::cuda {

void fill(AttentionKernels& k) {
  k.attention_fwd = [](auto...) { fail("attention_fwd: no kernel for CUDA"); };
  k.attention_bwd = [](auto...) { fail("attention_bwd: no kernel for CUDA"); };
  k.cross_covariance = [](auto...) { fail("cross_covariance: no kernel for CUDA"); };
  k.head_matmul = [](auto...) { fail("head_matmul: no kernel for CUDA"); };
}

}  // namespace cf::cuda
