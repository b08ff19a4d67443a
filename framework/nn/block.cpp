#include "framework/nn/block.h"

#include "framework/autograd/recompute.h"
#include "framework/ops/precision.h"

namespace cf {

Tensor run_recomputed(const BlockFn& fn, const std::vector<Tensor>& inputs, const std::vector<Tensor>& parameters) {
  // The backward pass runs outside of the guard under which the forward one was recorded.
  const auto again = [fn, mixed = ops::mixed_precision()](const std::vector<Tensor>& in) {
    const ops::MixedPrecision guard(mixed);
    return std::vector{fn(in)};
  };
  return recompute(again, inputs, parameters).front();
}

}  // namespace cf
