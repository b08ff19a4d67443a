#include "framework/optim/clip.h"

#include <cmath>

#include "kernels/table.h"

namespace cf {

double clip_grad_norm(const Tensor& grads, double max_norm) {
  check(max_norm > 0, "clip: the largest norm must be positive, got {}", max_norm);
  const OptimKernels& kernels = kernels_for(grads.device()).optim;
  const double norm = std::sqrt(kernels.squared_norm(grads.cview()));
  if (std::isfinite(norm) && norm > max_norm) kernels.scale(max_norm / norm, grads.view());
  return norm;
}

}  // namespace cf
