#include "framework/optim/ema.h"

#include <algorithm>

#include "kernels/table.h"

namespace cf {

Ema::Ema(const Tensor& params, double decay) : params_(params.detach()), shadow_(params.clone()), decay_(decay) {
  check(decay >= 0 && decay < 1, "ema: the decay must lie in [0, 1), got {}", decay);
}

void Ema::update() {
  ++updates_;
  const auto n = static_cast<double>(updates_);
  kernels_for(params_.device()).optim.ema(std::min(decay_, (1 + n) / (10 + n)), shadow_.view(), params_.cview());
}

}  // namespace cf
