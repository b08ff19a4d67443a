#include "framework/gradcheck/cases.h"

namespace cf {
namespace {

constexpr CaseFamily kFamilies[] = {
    {"elementwise", elementwise_cases, random_elementwise_cases},
    {"elementwise", activation_cases, random_activation_cases},
    {"reduce", reduce_cases, random_reduce_cases},
    {"layout", layout_cases, random_layout_cases},
    {"random", dropout_cases, random_dropout_cases},
    {"softmax", softmax_cases, random_softmax_cases},
    {"loss", loss_cases, random_loss_cases},
    {"fused", fused_cases, random_fused_cases},
    {"matmul", matmul_cases, random_matmul_cases},
    {"conv", conv_cases, random_conv_cases},
    {"pool", pool_cases, random_pool_cases},
    {"norm", norm_cases, random_norm_cases},
    {"resize", resize_cases, random_resize_cases},
    {"fft", fft_cases, random_fft_cases},
    {"wavelet", wavelet_cases, random_wavelet_cases},
    {"laconv", laconv_cases, random_laconv_cases},
    {"attention", attention_cases, random_attention_cases},
    {"fmim", fmim_cases, random_fmim_cases},
    {nullptr, recompute_cases, nullptr},
};

}  // namespace

std::span<const CaseFamily> case_families() { return kFamilies; }

GradCases op_cases() {
  GradCases all;
  for (const CaseFamily& f : kFamilies) {
    for (GradCase& c : f.declared()) all.push_back(std::move(c));
  }
  return all;
}

}  // namespace cf
