#include "framework/gradcheck/case.h"
#include "framework/ops/loss.h"

namespace cf {

GradCases loss_cases() {
  using Tensors = std::vector<Tensor>;
  const std::vector<CaseInput> inputs = {{{2, 3, 5, 7}}, {{2, 3, 5, 7}}};
  const std::vector<CaseInput> fixed_target = {{{2, 3, 5, 7}}, {{2, 3, 5, 7}, CaseInput::Fill::normal, false}};
  return {
      {"l1_loss", inputs, [](const Tensors& in) { return Tensors{ops::l1_loss(in[0], in[1])}; }},
      {"l1_loss.fixed_target", fixed_target, [](const Tensors& in) { return Tensors{ops::l1_loss(in[0], in[1])}; }},
      {"mse_loss", inputs, [](const Tensors& in) { return Tensors{ops::mse_loss(in[0], in[1])}; }},
      {"charbonnier_loss", inputs, [](const Tensors& in) { return Tensors{ops::charbonnier_loss(in[0], in[1])}; }},
      {"charbonnier_loss.soft", inputs, [](const Tensors& in) { return Tensors{ops::charbonnier_loss(in[0], in[1], 0.5)}; }},
  };
}

}  // namespace cf
