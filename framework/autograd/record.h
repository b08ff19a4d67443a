// How an operator enters the graph.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "framework/autograd/node.h"

namespace cf {

// True unless a NoGrad guard is alive on this thread.
bool grad_enabled();

// While alive, operators on this thread record nothing.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

// While alive, operators on this thread record again (used where a NoGrad guard is outside, as in recomputation).
class EnableGrad {
 public:
  EnableGrad();
  ~EnableGrad();
  EnableGrad(const EnableGrad&) = delete;
  EnableGrad& operator=(const EnableGrad&) = delete;

 private:
  bool before_;
};

// True where a gradient is wanted of at least one of `inputs`: an operator may skip saving what only backward needs.
bool will_record(std::span<const Tensor> inputs);

// Sees an operator that ran: its name, inputs (undefined where left out) and outputs.
using OpObserver = std::function<void(const char* name, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs)>;

// While alive, `observer` sees every operator that runs on this thread, recorded or not (summaries, counts).
class ObserveOps {
 public:
  explicit ObserveOps(OpObserver observer);
  ~ObserveOps();
  ObserveOps(const ObserveOps&) = delete;
  ObserveOps& operator=(const ObserveOps&) = delete;

 private:
  OpObserver observer_;
  const OpObserver* before_;
};

// Makes `outputs` depend on `inputs`. `name` is the operator's name in gradcheck and in profiles; undefined inputs are
// allowed (optional arguments). A closure that keeps an output must keep output.detach(), never the output itself.
// Every operator calls it once; nothing but observing happens while NoGrad is alive or no input needs a gradient.
void record(const char* name, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs, BackwardFn backward);

}  // namespace cf
