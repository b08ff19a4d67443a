#include "framework/optim/ema.h"

#include <algorithm>

namespace cf {

Ema::Ema(const Tensor& params, double decay) : shadow_(params.clone()), decay_(decay) {
  check(decay >= 0 && decay < 1, "ema: the decay must lie in [0, 1), got {}", decay);
}

double Ema::next_decay() {
  ++updates_;
  const auto n = static_cast<double>(updates_);
  return std::min(decay_, (1 + n) / (10 + n));
}

}  // namespace cf
