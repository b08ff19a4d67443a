#include "framework/gradcheck/case.h"

namespace cf {

GradCases op_cases() {
  GradCases all;
  for (const auto& family :
       {elementwise_cases, activation_cases, reduce_cases, layout_cases, matmul_cases, conv_cases, pool_cases, norm_cases,
        resize_cases, fft_cases, wavelet_cases, laconv_cases, loss_cases, fused_cases, recompute_cases}) {
    for (GradCase& c : family()) all.push_back(std::move(c));
  }
  return all;
}

}  // namespace cf
