#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/fused.h"

namespace cf {

GradCases fused_cases() {
  using Tensors = std::vector<Tensor>;
  const auto gated_blend = [](const Tensors& in) { return Tensors{ops::gated_blend(in[0], in[1], in[2])}; };
  const auto max_mean = [](const Tensors& in) { return Tensors{ops::channel_max_mean(in[0])}; };
  const Shape image = {2, 3, 5, 8};
  const Shape odd = {3, 5, 7};
  return {
      {"gated_blend.image", {{image}, {image}, {image}}, gated_blend},
      {"gated_blend.odd", {{odd}, {odd}, {odd}}, gated_blend},
      {"gated_blend.gate_only", {{odd}, {odd, CaseInput::Fill::normal, false}, {odd}}, gated_blend},
      {"channel_max_mean.image", {{image}}, max_mean},
      {"channel_max_mean.odd", {{odd}}, max_mean},
      {"channel_max_mean.wide", {{{7, 33}}}, max_mean},
      {"channel_max_mean.32", {{{2, 3, 3, 32}}}, max_mean},
      {"channel_max_mean.102", {{{5, 102}}}, max_mean},
      {"channel_max_mean.one", {{{4, 1}}}, max_mean},
      {"channel_max_mean.three", {{{2, 5, 5, 3}}}, max_mean},
      {"channel_max_mean.many", {{{70, 64}}}, max_mean},
      {"channel_max_mean.long", {{{3, 300}}}, max_mean},
  };
}

GradCases random_fused_cases(Dice& dice) {
  using Tensors = std::vector<Tensor>;
  const Shape image = dice.any();
  return {{"gated_blend.random",
           {{image}, {image}, {image}},
           [](const Tensors& in) { return Tensors{ops::gated_blend(in[0], in[1], in[2])}; }},
          {"channel_max_mean.random", {{dice.image()}}, [](const Tensors& in) { return Tensors{ops::channel_max_mean(in[0])}; }}};
}

}  // namespace cf
