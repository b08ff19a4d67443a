// Exponential moving average of the weights.
#pragma once

#include <cstdint>

#include "framework/tensor/tensor.h"

namespace cf {

// Holds the averages and their decay; Optimizer takes the average in the same pass as its update.
class Ema {
 public:
  // Starts from the values of `params`, the flat buffer. decay in [0, 1).
  Ema(const Tensor& params, double decay);

  // Counts one more update and returns its decay: of update n (from 1) min(decay, (1 + n) / (10 + n)), so that the first
  // values are soon forgotten. shadow = d * shadow + (1 - d) * params.
  double next_decay();

  const Tensor& shadow() const { return shadow_; }
  // State for a checkpoint, with shadow().
  std::int64_t updates() const { return updates_; }
  void set_updates(std::int64_t updates) { updates_ = updates; }

 private:
  Tensor shadow_;
  double decay_;
  std::int64_t updates_ = 0;
};

}  // namespace cf
