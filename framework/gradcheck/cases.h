// The declared and the random cases of each file; case_families() is their list.
#pragma once

#include "framework/gradcheck/case.h"

namespace cf {

GradCases elementwise_cases();
GradCases random_elementwise_cases(Dice& dice);
GradCases activation_cases();
GradCases random_activation_cases(Dice& dice);
GradCases reduce_cases();
GradCases random_reduce_cases(Dice& dice);
GradCases layout_cases();
GradCases random_layout_cases(Dice& dice);
GradCases dropout_cases();
GradCases random_dropout_cases(Dice& dice);
GradCases softmax_cases();
GradCases random_softmax_cases(Dice& dice);
GradCases loss_cases();
GradCases random_loss_cases(Dice& dice);
GradCases fused_cases();
GradCases random_fused_cases(Dice& dice);
GradCases matmul_cases();
GradCases random_matmul_cases(Dice& dice);
GradCases conv_cases();
GradCases random_conv_cases(Dice& dice);
GradCases pool_cases();
GradCases random_pool_cases(Dice& dice);
GradCases norm_cases();
GradCases random_norm_cases(Dice& dice);
GradCases resize_cases();
GradCases random_resize_cases(Dice& dice);
GradCases fft_cases();
GradCases random_fft_cases(Dice& dice);
GradCases wavelet_cases();
GradCases random_wavelet_cases(Dice& dice);
GradCases laconv_cases();
GradCases random_laconv_cases(Dice& dice);
GradCases attention_cases();
GradCases random_attention_cases(Dice& dice);
GradCases fmim_cases();
GradCases random_fmim_cases(Dice& dice);
GradCases recompute_cases();

}  // namespace cf
