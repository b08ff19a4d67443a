#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/fmim.h"

namespace cf {
namespace {

GradCase fmim_case(const char* variant, Shape y, double scale) {
  return {std::string("fmim.") + variant, {{y}}, [scale](const std::vector<Tensor>& in) {
            return std::vector{ops::fmim(in[0], scale)};
          }};
}

}  // namespace

GradCases fmim_cases() {
  return {
      fmim_case("even", {2, 8, 6, 8}, 0.3),       fmim_case("odd", {1, 9, 7, 5}, 0.6),      fmim_case("wide", {1, 5, 4, 36}, 0.9),
      fmim_case("amplified", {1, 6, 5, 16}, 1.7), fmim_case("smallest", {2, 2, 2, 3}, 0.3),
  };
}

GradCases random_fmim_cases(Dice& dice) { return {fmim_case("random", dice.image(2), 0.3)}; }

}  // namespace cf
