#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/norm.h"

namespace cf {
namespace {

std::vector<CaseInput> norm_inputs(const Shape& x) { return {{x}, {{x[-1]}}, {{x[-1]}}}; }

GradCase layer_case(const char* name, const Shape& x) {
  return {name, norm_inputs(x),
          [](const std::vector<Tensor>& in) { return std::vector<Tensor>{ops::layer_norm(in[0], in[1], in[2])}; }};
}

GradCase group_case(const char* name, const Shape& x, std::int64_t groups) {
  return {name, norm_inputs(x),
          [groups](const std::vector<Tensor>& in) { return std::vector<Tensor>{ops::group_norm(in[0], groups, in[1], in[2])}; }};
}

// A copy of running statistics, so that the function stays pure; beside bf16 they are f32.
Tensor state_of(const Tensor& t) { return t.dtype() == DType::bf16 ? t.to(DType::f32) : t.clone(); }

GradCase batch_case(const char* name, const Shape& x, bool training) {
  GradCase c = {name, norm_inputs(x), {}};
  c.inputs.push_back({{x[-1]}, CaseInput::Fill::normal, false});
  c.inputs.push_back({{x[-1]}, CaseInput::Fill::positive, false});
  c.fn = [training](const std::vector<Tensor>& in) {
    const ops::BatchNormState state = {state_of(in[3]), state_of(in[4])};
    const Tensor y = ops::batch_norm(in[0], in[1], in[2], state, training);
    return std::vector<Tensor>{y};
  };
  return c;
}

}  // namespace

GradCases norm_cases() {
  return {
      layer_case("layer_norm.rows", {5, 16}),
      layer_case("layer_norm.image", {2, 3, 4, 19}),
      layer_case("layer_norm.3", {7, 3}),
      layer_case("layer_norm.100", {9, 100}),
      layer_case("layer_norm.long", {3, 300}),
      layer_case("layer_norm.many", {600, 32}),
      group_case("group_norm.4", {2, 5, 3, 8}, 4),
      group_case("group_norm.odd", {2, 3, 5, 21}, 3),
      group_case("group_norm.one", {2, 4, 6}, 1),
      group_case("group_norm.no_pixels", {5, 12}, 3),
      group_case("group_norm.32", {2, 24, 24, 32}, 4),
      group_case("group_norm.33", {2, 12, 12, 33}, 3),
      group_case("group_norm.100", {1, 9, 15, 100}, 5),
      batch_case("batch_norm.train", {2, 4, 3, 19}, true),
      batch_case("batch_norm.train_1", {3, 5, 7, 1}, true),
      batch_case("batch_norm.train_32", {2, 20, 20, 32}, true),
      batch_case("batch_norm.eval", {2, 4, 3, 5}, false),
  };
}

GradCases random_norm_cases(Dice& dice) {
  // At least six elements share a mean and a variance.
  const std::int64_t groups = dice.between(1, 4);
  const Shape grouped = dice.image(3, 6);
  const Shape rows = dice.image(1, 5);
  const Shape batch = dice.image(3);
  return {layer_case("layer_norm.random", {rows[0], rows[1], rows[2], rows[3] + 5}),
          group_case("group_norm.random", {grouped[0], grouped[1], grouped[2], groups * dice.between(1, 9)}, groups),
          batch_case("batch_norm.random", batch, dice.coin())};
}

}  // namespace cf
