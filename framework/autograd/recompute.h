// Checkpointed recomputation: memory for time (Chen et al., "Training deep nets with sublinear memory cost", 2016).
#pragma once

#include <functional>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

// Returns fn(inputs) but keeps nothing of what fn computes inside; the backward pass runs fn again, by the same kernels, so that
// the gradients are those of fn itself. Where nothing is recorded, it is a plain call. fn must give the same result each time it
// is called with the same values, and change nothing outside itself: batch normalisation in training, for one, would update its
// running statistics twice. `captured_parameters` are the tensors beside its inputs that fn reads and that require a gradient;
// they receive it as usual, hooks included. Neither they nor the inputs may be overwritten before the backward pass. While fn
// runs again, no other thread may record with its parameters.
std::vector<Tensor> recompute(const std::function<std::vector<Tensor>(const std::vector<Tensor>&)>& fn,
                              const std::vector<Tensor>& inputs, const std::vector<Tensor>& captured_parameters);

}  // namespace cf
