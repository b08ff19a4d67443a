// What an operator costs, from the shapes of what goes in and comes out: the numbers behind `cfrun summary` and profiles.
#pragma once

#include <string_view>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf::ops {

// Multiply-accumulates of the convolutions and products in one call of operator `op`; 0 of other operators. laconv counts as if
// its kernel were fixed.
std::int64_t macs_of(std::string_view op, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs);

struct Cost {
  double flop = 0;   // additions and multiplications; functions such as exp count as one
  double bytes = 0;  // read and written at least: every operand and result once
};

struct OpCost {
  Cost forward;
  Cost backward;  // for the gradients of those inputs that need one
};

// As operators without a formula of their own are taken: one operation for each number of the result.
OpCost cost_of(std::string_view op, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs);

}  // namespace cf::ops
