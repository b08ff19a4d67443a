// Exponential moving average of the weights.
#pragma once

#include <cstdint>

#include "framework/tensor/tensor.h"

namespace cf {

class Ema {
 public:
  // Starts from the values of `params`, the flat buffer, which it reads again at each update. decay in [0, 1).
  Ema(const Tensor& params, double decay);

  // Update n (from 1): shadow = d * shadow + (1 - d) * params, d = min(decay, (1 + n) / (10 + n)), so that the first values
  // are soon forgotten.
  void update();

  const Tensor& shadow() const { return shadow_; }
  // State for a checkpoint, with shadow().
  std::int64_t updates() const { return updates_; }
  void set_updates(std::int64_t updates) { updates_ = updates; }

 private:
  Tensor params_;
  Tensor shadow_;
  double decay_;
  std::int64_t updates_ = 0;
};

}  // namespace cf
