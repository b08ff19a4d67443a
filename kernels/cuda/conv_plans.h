// Execution plans of cuDNN for the passes of convolutions.
#pragma once

#include <functional>
#include <optional>

#include "kernels/cuda/conv_plan.h"
#include "kernels/cuda/cudnn.h"

namespace cf::cuda {

// What a plan's tensors are called when it is carried out.
enum class ConvOperand : std::int64_t { x = 1, w, y, bias, sum, biased };

struct ConvPlan {
  CudnnDescriptor config;  // of the algorithm; the plan refers to it
  CudnnDescriptor plan;
  std::size_t workspace;
};

// Milliseconds that a plan takes.
using TimeConv = std::function<double(const ConvPlan&)>;

// The plan that the mode in `key` leads to. `time`: none where plans must not be timed. Throws Error where cuDNN has none; of a
// plan with bias or LeakyReLU, which not every algorithm can take in, nothing is returned then.
std::optional<ConvPlan> make_conv_plan(const ConvKey& key, const TimeConv& time);

}  // namespace cf::cuda
