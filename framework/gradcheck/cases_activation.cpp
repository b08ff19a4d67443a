#include "framework/gradcheck/case.h"
#include "framework/ops/activation.h"

namespace cf {

GradCases activation_cases() {
  using Tensors = std::vector<Tensor>;
  const Shape odd = {3, 5, 7};
  const auto prelu = [](const Tensors& in) { return Tensors{ops::prelu(in[0], in[1])}; };
  const auto softmax = [](const Tensors& in) { return Tensors{ops::softmax(in[0])}; };
  const auto dropout = [](double p) { return [p](const Tensors& in) { return Tensors{ops::dropout(in[0], p, 7, 3)}; }; };
  return {
      {"relu", {{odd}}, [](const Tensors& in) { return Tensors{ops::relu(in[0])}; }},
      {"leaky_relu", {{odd}}, [](const Tensors& in) { return Tensors{ops::leaky_relu(in[0], 0.2)}; }},
      {"sigmoid", {{odd}}, [](const Tensors& in) { return Tensors{ops::sigmoid(in[0])}; }},
      {"silu", {{odd}}, [](const Tensors& in) { return Tensors{ops::silu(in[0])}; }},
      {"tanh", {{odd}}, [](const Tensors& in) { return Tensors{ops::tanh(in[0])}; }},
      {"prelu.channel", {{{2, 3, 5, 11}}, {{11}}}, prelu},
      {"prelu.shared", {{{2, 3, 5, 11}}, {{1}}}, prelu},
      {"softmax.odd", {{{2, 3, 19}}}, softmax},
      {"softmax.wide", {{{5, 130}}}, softmax},
      {"dropout.half", {{odd}}, dropout(0.5)},
      {"dropout.rare", {{odd}}, dropout(0.1)},
      {"dropout.off", {{odd}}, dropout(0)},
  };
}

}  // namespace cf
