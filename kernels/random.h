// Counter-based random numbers (framework/core/rng.h) applied to tensors: the contract every backend fills in.
#pragma once

#include <cstdint>

#include "framework/core/view.h"

namespace cf {

struct DropoutParams {
  double p = 0;  // probability of zero, in [0, 1)
  std::uint64_t seed = 0;
  std::uint64_t salt = 0;
};

struct RandomKernels {
  // y[i] = 0 where Philox(seed, RngStream::dropout, salt) at i is under p, x[i] / (1 - p) elsewhere. f32 and f64. Its own
  // adjoint, so backward needs no mask.
  void (*dropout)(const DropoutParams& params, ConstView x, View y);
};

namespace reference {
void fill(RandomKernels& k);
}
namespace cpu {
void fill(RandomKernels& k);
}
namespace cuda {
void fill(RandomKernels& k);
}

}  // namespace cf
