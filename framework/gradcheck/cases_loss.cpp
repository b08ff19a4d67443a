#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
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
      {"mse_loss.single", {{{1}}, {{1}}}, [](const Tensors& in) { return Tensors{ops::mse_loss(in[0], in[1])}; }},
      {"l1_loss.long", {{{2, 8, 8, 32}}, {{2, 8, 8, 32}}}, [](const Tensors& in) { return Tensors{ops::l1_loss(in[0], in[1])}; }},
      {"l1_loss.102_bands",
       {{{1, 3, 5, 102}}, {{1, 3, 5, 102}}},
       [](const Tensors& in) { return Tensors{ops::l1_loss(in[0], in[1])}; }},
      {"mse_loss.long_odd", {{{3, 1025}}, {{3, 1025}}}, [](const Tensors& in) { return Tensors{ops::mse_loss(in[0], in[1])}; }},
      {"charbonnier_loss", inputs, [](const Tensors& in) { return Tensors{ops::charbonnier_loss(in[0], in[1])}; }},
      {"charbonnier_loss.soft", inputs, [](const Tensors& in) { return Tensors{ops::charbonnier_loss(in[0], in[1], 0.5)}; }},
  };
}

GradCases random_loss_cases(Dice& dice) {
  const auto random = [&dice](const char* name, Tensor (*fn)(const Tensor&, const Tensor&)) {
    const Shape shape = dice.any();
    return GradCase{name, {{shape}, {shape}}, [fn](const std::vector<Tensor>& in) { return std::vector{fn(in[0], in[1])}; }};
  };
  return {random("l1_loss.random", ops::l1_loss), random("mse_loss.random", ops::mse_loss),
          random("charbonnier_loss.random", [](const Tensor& x, const Tensor& t) { return ops::charbonnier_loss(x, t); })};
}

}  // namespace cf
