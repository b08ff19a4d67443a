// Counter-based random numbers (framework/core/rng.h) applied to tensors: the contract every backend fills in.
#pragma once

#include <cstdint>

#include "framework/core/view.h"

namespace cf {

struct DropoutParams {
  double p = 0;  // probability of zero, in [0, 1)
  std::uint64_t seed = 0;
  std::uint64_t salt = 0;
  // i64 (1) in x's memory that the kernel adds to the salt when it runs, or none: recorded work, whose parameters are fixed, then
  // draws anew at every start.
  ConstView step = {};
};

struct RandomKernels {
  // y[i] = 0 where Philox(seed, RngStream::dropout, salt + step) at i is under p, x[i] / (1 - p) elsewhere. f32 and f64 (on a GPU
  // f32 and bf16). Its own adjoint while the step stays the same, so backward needs no mask.
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
