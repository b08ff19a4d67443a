#include "framework/autograd/recompute.h"
#include "framework/gradcheck/cases.h"
#include "framework/ops/activation.h"
#include "framework/ops/elementwise.h"

namespace cf {

GradCases recompute_cases() {
  return {
      {"recompute.input",
       {{{3, 5}}},
       [](const std::vector<Tensor>& in) {
         return recompute([](const std::vector<Tensor>& x) { return std::vector{ops::silu(ops::square(x[0]))}; }, in, {});
       }},
      {"recompute.captured",
       {{{3, 5}}, {{5}}},
       [](const std::vector<Tensor>& in) {
         const Tensor w = in[1];
         return recompute([w](const std::vector<Tensor>& x) { return std::vector{ops::mul(ops::sigmoid(x[0]), w)}; }, {in[0]},
                          {w});
       }},
      {"recompute.two_outputs",
       {{{4}}, {{4}}},
       [](const std::vector<Tensor>& in) {
         return recompute(
             [](const std::vector<Tensor>& x) {
               return std::vector{ops::mul(x[0], x[1]), ops::exp(ops::sub(x[0], x[1]))};
             },
             in, {});
       }},
      // What is captured may itself be computed outside.
      {"recompute.nested",
       {{{2, 3}}, {{3}}},
       [](const std::vector<Tensor>& in) {
         const Tensor w = ops::square(in[1]);
         const auto inner = [w](const std::vector<Tensor>& x) { return std::vector{ops::tanh(ops::mul(x[0], w))}; };
         const auto outer = [w, inner](const std::vector<Tensor>& x) {
           return std::vector{ops::mul(recompute(inner, {ops::add(x[0], w)}, {w})[0], x[0])};
         };
         return recompute(outer, {in[0]}, {w});
       }},
  };
}

}  // namespace cf
