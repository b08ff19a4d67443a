// Optimizers over one flat buffer of parameters and one of gradients (ParamStore's).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "framework/nn/flat_range.h"
#include "framework/optim/clip.h"
#include "framework/optim/ema.h"
#include "framework/tensor/tensor.h"

namespace cf {

struct StepFrame;

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

// How a step deals with the gradients and what it takes along.
struct ApplyOptions {
  // Measured beforehand; where it is not finite, weights, state and averages stay as they are. Null: any gradient is taken.
  const GradNorm* norm = nullptr;
  double max_norm = 0;  // gradients count as scaled down to this norm; 0: as they are. Needs `norm`
  Ema* ema = nullptr;   // the average that is taken in the same pass
  // Rising ranges that rest: parameters and state there stay bit for bit as they are, the average goes on.
  std::span<const FlatRange> resting = {};
};

// A step is made of two parts: prepare() on the host, which counts and tells the device the numbers of the step, and apply(),
// which queues work only, always the same, so that it can be recorded once and repeated.
class Optimizer {
 public:
  // `params` and `grads`: tensors of equal shape, f32 or f64, whose memory stays where it is; a step writes params in place.
  // Throws Error on options out of their range.
  Optimizer(const OptimizerOptions& options, const Tensor& params, const Tensor& grads);

  // Begins the next step: learning rate `lr`, the bias corrections and the decay of `ema` (null: none) go to the device,
  // behind the work that is queued. Not while a recording is on.
  void prepare(double lr, Ema* ema = nullptr);
  // The update, with the numbers of the last prepare(). Throws Error where the average is not the one given there.
  void apply(const ApplyOptions& options = {}) const;
  // One update with learning rate `lr`.
  void step(double lr, const ApplyOptions& options = {}) {
    prepare(lr, options.ema);
    apply(options);
  }

  // What a checkpoint keeps, with steps(): "adam.m" and "adam.v" (AdamW too), "sgd.velocity" or "rmsprop.square", each of
  // params' shape. Writing to the tensors restores the state.
  const std::vector<std::pair<std::string, Tensor>>& state() const { return state_; }
  std::int64_t steps() const { return steps_; }  // prepared so far
  void set_steps(std::int64_t steps) { steps_ = steps; }

 private:
  StepFrame frame_of(const ApplyOptions& options) const;
  void update(StepFrame frame, const FlatRange& range) const;

  OptimizerOptions options_;
  Tensor params_;
  Tensor grads_;
  Tensor values_;       // (4), by StepValue
  Ema* ema_ = nullptr;  // of the last prepare()
  std::vector<std::pair<std::string, Tensor>> state_;
  std::int64_t steps_ = 0;
};

}  // namespace cf
