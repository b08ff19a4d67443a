// Optimizers over one flat buffer of parameters and one of gradients (ParamStore's).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

// Adam (Kingma & Ba, ICLR 2015); weight decay is L2, added to the gradient.
struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
};

// AdamW (Loshchilov & Hutter, ICLR 2019): the decay shrinks the weights by lr * weight_decay, beside the gradient's step.
struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
};

// v = momentum * v + g, p -= lr * v; weight decay is L2.
struct SgdOptions {
  double momentum = 0;
  double weight_decay = 0;
};

// Divides by the root of the running mean of g^2; weight decay is L2.
struct RmspropOptions {
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
};

using OptimizerOptions = std::variant<AdamOptions, AdamWOptions, SgdOptions, RmspropOptions>;

class Optimizer {
 public:
  // `params` and `grads`: tensors of equal shape, f32 or f64, whose memory stays where it is; step() writes params in place.
  // Throws Error on options out of their range.
  Optimizer(const OptimizerOptions& options, const Tensor& params, const Tensor& grads);

  // One update with learning rate `lr`.
  void step(double lr);

  // What a checkpoint keeps, with steps(): "adam.m" and "adam.v" (AdamW too), "sgd.velocity" or "rmsprop.square", each of
  // params' shape. Writing to the tensors restores the state.
  const std::vector<std::pair<std::string, Tensor>>& state() const { return state_; }
  std::int64_t steps() const { return steps_; }  // taken so far
  void set_steps(std::int64_t steps) { steps_ = steps; }

 private:
  OptimizerOptions options_;
  Tensor params_;
  Tensor grads_;
  std::vector<std::pair<std::string, Tensor>> state_;
  std::int64_t steps_ = 0;
};

}  // namespace cf
