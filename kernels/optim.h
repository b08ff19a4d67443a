// Optimizer steps on flat buffers, one pass each: the contract every backend fills in. f32 and f64; all views of one call
// have one dtype and length. L2 decay means g + weight_decay * p in the gradient's place.
#pragma once

#include <cstdint>

#include "framework/core/view.h"

namespace cf {

struct AdamStep {
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;  // AdamW: p shrinks by lr * weight_decay; otherwise L2 decay
  std::int64_t step = 1;   // of this update, counted from 1: the bias correction
};

struct SgdStep {
  double lr = 0;
  double momentum = 0;
  double weight_decay = 0;  // L2
};

struct RmspropStep {
  double lr = 0;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;  // L2
};

struct OptimKernels {
  // m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
  // p -= lr / (1 - beta1^step) * m / (sqrt(v) / sqrt(1 - beta2^step) + eps)
  void (*adam)(const AdamStep& s, View p, ConstView g, View m, View v);
  // velocity = momentum * velocity + g, p -= lr * velocity
  void (*sgd)(const SgdStep& s, View p, ConstView g, View velocity);
  // square = alpha * square + (1 - alpha) g^2, p -= lr * g / (sqrt(square) + eps)
  void (*rmsprop)(const RmspropStep& s, View p, ConstView g, View square);
  // Sum of x^2, accumulated in double, the same for every thread count.
  double (*squared_norm)(ConstView x);
  void (*scale)(double factor, View x);
  // shadow = decay * shadow + (1 - decay) * p
  void (*ema)(double decay, View shadow, ConstView p);
};

namespace reference {
void fill(OptimKernels& k);
}
namespace cpu {
void fill(OptimKernels& k);
}
namespace cuda {
void fill(OptimKernels& k);
}

}  // namespace cf
