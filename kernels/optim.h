// Optimizer steps on flat buffers, one pass each: the contract every backend fills in. f32 and f64; all buffers of one call
// have one dtype and length. L2 decay means g + weight_decay * p in the gradient's place.
//
// What changes from step to step stands in the device's memory, so that a step that was recorded once can be repeated, and no
// kernel gives a number to the host, so that nobody waits.
#pragma once

#include <cstdint>

#include "framework/core/view.h"

namespace cf {

// The places of the numbers of one step in `values`, f64 (4).
enum class StepValue : std::uint8_t {
  lr,         // learning rate
  bias1,      // 1 - beta1^t of Adam's update t, counted from 1: the bias correction (1 where there is none)
  bias2,      // 1 - beta2^t
  ema_decay,  // of the moving average
};
constexpr int kStepValues = 4;

// What every step shares.
struct StepFrame {
  ConstView values;
  // Sum of the squares of g, f64 (1). Where it is not finite nothing is changed, so that a NaN never reaches the weights.
  // None: the step is taken whatever g is.
  ConstView squared_norm = {};
  // g counts as scaled down to this norm where its norm is larger; 0: as it is. Needs squared_norm.
  double max_norm = 0;
  // Moving average, taken of the new p (see ema); none: no average.
  View shadow = {};
};

struct AdamStep {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;  // AdamW: p shrinks by lr * weight_decay; otherwise L2 decay
};

struct SgdStep {
  double momentum = 0;
  double weight_decay = 0;  // L2
};

struct RmspropStep {
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;  // L2
};

struct OptimKernels {
  // The updates do in one pass what clip, the bare update and ema do in three.
  //
  // m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p -= lr / bias1 * m / (sqrt(v) / sqrt(bias2) + eps)
  void (*adam)(const AdamStep& s, const StepFrame& f, View p, ConstView g, View m, View v);
  // velocity = momentum * velocity + g, p -= lr * velocity
  void (*sgd)(const SgdStep& s, const StepFrame& f, View p, ConstView g, View velocity);
  // square = alpha * square + (1 - alpha) g^2, p -= lr * g / (sqrt(square) + eps)
  void (*rmsprop)(const RmspropStep& s, const StepFrame& f, View p, ConstView g, View square);
  // sum, f64 (1): of x^2, accumulated in double in a fixed order, the same for every thread count.
  void (*squared_norm)(ConstView x, View sum);
  // Scales x down to max_norm > 0 where its norm, the root of `squared_norm`, is finite and larger.
  void (*clip)(double max_norm, ConstView squared_norm, View x);
  // shadow = ema_decay * shadow + (1 - ema_decay) * p
  void (*ema)(ConstView values, View shadow, ConstView p);
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
