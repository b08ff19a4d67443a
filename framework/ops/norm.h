// Normalisations.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

// Over the last dimension C; weight and bias (C).
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps = 1e-5);
// x (N, ..., C): over everything but N, per group of C/groups consecutive channels; weight and bias (C).
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps = 1e-5);

// Of x's dtype, f32 where that is bf16.
struct BatchNormState {
  Tensor mean;  // (C), updated in training: running = (1 - momentum) * running + momentum * batch
  Tensor var;   // (C), unbiased
};
// x (N, ..., C): per channel over everything else. Training normalises by the batch, of which x may be a part
// (framework/ops/batch_reducer.h), and updates `state`; otherwise by `state`.
Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const BatchNormState& state, bool training,
                  double momentum = 0.1, double eps = 1e-5);

}  // namespace cf::ops
