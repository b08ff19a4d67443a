// Gradient clipping by global norm.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf {

// The Euclidean norm of the flat gradient buffer before clipping. Above `max_norm` the gradients are scaled down to it
// (Pascanu et al., ICML 2013); where the norm is NaN or infinite they stay as they are, for the caller to report.
double clip_grad_norm(const Tensor& grads, double max_norm);

}  // namespace cf
