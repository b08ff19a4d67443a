#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/wavelet.h"

namespace cf {
namespace {

GradCase dwt_case(const char* variant, Shape x) {
  return {std::string("haar_dwt.") + variant, {{x}}, [](const std::vector<Tensor>& in) {
            const auto bands = ops::haar_dwt(in[0]);
            return std::vector<Tensor>(bands.begin(), bands.end());
          }};
}

GradCase iwt_case(const char* variant, Shape band) {
  return {std::string("haar_iwt.") + variant, {{band}, {band}, {band}, {band}}, [](const std::vector<Tensor>& in) {
            return std::vector{ops::haar_iwt(in[0], in[1], in[2], in[3])};
          }};
}

GradCase high_pass_case(const char* variant, Shape x, std::int64_t size) {
  return {std::string("high_pass.") + variant, {{x}}, [size](const std::vector<Tensor>& in) {
            return std::vector{ops::high_pass(in[0], size)};
          }};
}

}  // namespace

GradCases wavelet_cases() {
  return {
      dwt_case("even", {2, 6, 8, 8}),
      dwt_case("tail", {1, 2, 10, 11}),
      dwt_case("102_bands", {1, 4, 6, 102}),
      dwt_case("one_band", {2, 4, 6, 1}),
      {"haar_dwt.one_output",
       {{{1, 4, 6, 3}}},
       [](const std::vector<Tensor>& in) { return std::vector{ops::haar_dwt(in[0])[2]}; }},
      iwt_case("odd", {2, 3, 5, 8}),
      iwt_case("tail", {1, 1, 5, 19}),
      iwt_case("102_bands", {1, 2, 3, 102}),
      iwt_case("wide", {1, 2, 3, 16}),
      high_pass_case("odd", {2, 7, 9, 8}, 5),
      high_pass_case("tail", {1, 8, 11, 11}, 5),
      high_pass_case("13_bands", {1, 6, 7, 13}, 5),
      high_pass_case("102_bands", {1, 6, 7, 102}, 5),
      high_pass_case("one_band", {2, 6, 5, 1}, 3),
      high_pass_case("smallest", {1, 3, 3, 2}, 5),
      high_pass_case("box_wider_than_image", {1, 4, 5, 3}, 7),
  };
}

GradCases random_wavelet_cases(Dice& dice) {
  const Shape half = dice.image(1, 5);
  const std::int64_t size = 2 * dice.between(1, 3) + 1;
  return {dwt_case("random", {half[0], 2 * half[1], 2 * half[2], half[3]}), iwt_case("random", dice.image(1, 5)),
          high_pass_case("random", dice.image(size / 2 + 1), size)};
}

}  // namespace cf
