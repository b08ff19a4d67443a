// Checkpointed recomputation: memory for time.
#pragma once

#include <functional>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

// Returns fn(inputs) but keeps nothing of what fn computes inside; the backward pass runs fn again. fn must give the same
// result each time it is called with the same values. Parameters that fn captures receive their gradients as usual.
std::vector<Tensor> recompute(const std::function<std::vector<Tensor>(const std::vector<Tensor>&)>& fn,
                              const std::vector<Tensor>& inputs, const std::vector<Tensor>& captured_parameters);

}  // namespace cf
