#include <array>
#include <cmath>

#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/activation.h"
#include "framework/ops/attention.h"
#include "framework/ops/elementwise.h"

namespace cf {
namespace {

using Tensors = std::vector<Tensor>;

// `differentiable`: which of q, k, v.
GradCase attention_case(const char* variant, Shape x, std::int64_t head_dim, std::array<bool, 3> differentiable = {1, 1, 1}) {
  std::vector<CaseInput> inputs;
  for (const bool d : differentiable) inputs.push_back({x, CaseInput::Fill::normal, d});
  const double scale = 1 / std::sqrt(static_cast<double>(head_dim));
  return {std::string("attention.") + variant, inputs,
          [=](const Tensors& in) { return Tensors{ops::attention(in[0], in[1], in[2], head_dim, scale)}; }};
}

GradCase covariance_case(const char* variant, Shape x, std::int64_t head_dim) {
  return {std::string("cross_covariance.") + variant, {{x}, {x}}, [head_dim](const Tensors& in) {
            return Tensors{ops::cross_covariance(in[0], in[1], head_dim)};
          }};
}

GradCase product_case(const char* variant, Shape x, std::int64_t head_dim, bool transpose) {
  return {std::string("head_matmul.") + variant, {{x}, {{x[0], x[-1] / head_dim, head_dim, head_dim}}}, [=](const Tensors& in) {
            return Tensors{ops::head_matmul(in[0], in[1], transpose)};
          }};
}

// SSDiff's: x (y, x1, x2) -> y softmax(x1^T x2 * scale).
Tensors spectral_attention(const Tensors& in) {
  const Tensor scores = ops::affine(ops::cross_covariance(in[1], in[2], 16), 0.25, 0);
  return {ops::head_matmul(in[0], ops::softmax(scores))};
}

}  // namespace

GradCases attention_cases() {
  const Shape image = {2, 4, 5, 32};
  return {
      attention_case("d16", {2, 33, 32}, 16),
      attention_case("d8", {1, 20, 24}, 8),
      attention_case("image", {1, 7, 11, 16}, 16),
      // Its probability is 1: the gradients of q and k are rounding.
      attention_case("one_token", {2, 1, 16}, 16, {false, false, true}),
      attention_case("several_blocks", {1, 150, 16}, 16),
      attention_case("only_q", {1, 9, 16}, 16, {true, false, false}),
      attention_case("only_k", {1, 9, 16}, 16, {false, true, false}),
      attention_case("only_v", {1, 9, 16}, 16, {false, false, true}),
      covariance_case("d16", {2, 21, 32}, 16),
      covariance_case("d8", {1, 19, 24}, 8),
      covariance_case("image", image, 16),
      product_case("d16", {2, 21, 32}, 16, false),
      product_case("d8", {1, 19, 24}, 8, false),
      product_case("transposed", image, 16, true),
      {"head_matmul.spectral_attention", {{image}, {image}, {image}}, spectral_attention},
  };
}

GradCases random_attention_cases(Dice& dice) {
  // The head dimensions that every backend takes.
  const std::int64_t d = dice.pick(std::array<std::int64_t, 3>{8, 16, 16});
  const Shape x = {dice.between(1, 2), dice.between(1, 70), d * dice.between(1, 8)};
  return {attention_case("random", x, d), covariance_case("random", x, d), product_case("random", x, d, dice.coin())};
}

}  // namespace cf
