// What a gradient check is made of: a function of tensors, declared once. The same list serves `cfrun gradcheck` (finite
// differences in f64) and the tests that compare a fast backend with the reference, forward and backward.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

struct CaseInput {
  enum class Fill : std::uint8_t {
    normal,    // standard normal
    positive,  // uniform in [0.5, 1.5): divisors, arguments of sqrt
    mask,      // u8, 0 or 1
  };
  Shape shape;
  Fill fill = Fill::normal;
  bool differentiable = true;
};

struct GradCase {
  // "operator" or "operator.variant", the operator's name as it is recorded: "conv2d.dilated".
  std::string name;
  std::vector<CaseInput> inputs;
  // Pure: the same result for the same inputs, in the dtype of the inputs. Every output is checked.
  std::function<std::vector<Tensor>(const std::vector<Tensor>&)> fn;
};

using GradCases = std::vector<GradCase>;

// One function per family, in cases_<family>.cpp; op_cases() is all of them.
GradCases elementwise_cases();
GradCases activation_cases();
GradCases reduce_cases();
GradCases layout_cases();
GradCases matmul_cases();
GradCases conv_cases();
GradCases pool_cases();
GradCases norm_cases();
GradCases resize_cases();
GradCases fft_cases();
GradCases wavelet_cases();
GradCases laconv_cases();
GradCases loss_cases();
GradCases fused_cases();
GradCases recompute_cases();
GradCases op_cases();

}  // namespace cf
