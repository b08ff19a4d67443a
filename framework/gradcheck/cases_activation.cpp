#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/activation.h"

namespace cf {
namespace {

using Tensors = std::vector<Tensor>;

struct Activation {
  const char* name;
  Tensor (*fn)(const Tensor&);
};

constexpr Activation kActivations[] = {
    {"relu", ops::relu},       {"leaky_relu", [](const Tensor& x) { return ops::leaky_relu(x, 0.2); }},
    {"sigmoid", ops::sigmoid}, {"silu", ops::silu},
    {"tanh", ops::tanh},
};

GradCase activation_case(const std::string& name, const Activation& a, const Shape& shape) {
  return {name, {{shape}}, [fn = a.fn](const Tensors& in) { return Tensors{fn(in[0])}; }};
}

GradCase prelu_case(const char* name, const Shape& x, std::int64_t slopes) {
  return {name, {{x}, {{slopes}}}, [](const Tensors& in) { return Tensors{ops::prelu(in[0], in[1])}; }};
}

GradCase softmax_case(const char* name, const Shape& x) {
  return {name, {{x}}, [](const Tensors& in) { return Tensors{ops::softmax(in[0])}; }};
}

GradCase dropout_case(const char* name, const Shape& x, double p) {
  return {name, {{x}}, [p](const Tensors& in) { return Tensors{ops::dropout(in[0], p, 7, 3)}; }};
}

}  // namespace

GradCases activation_cases() {
  GradCases cases;
  for (const Activation& a : kActivations) cases.push_back(activation_case(a.name, a, {3, 5, 7}));
  cases.push_back(prelu_case("prelu.channel", {2, 3, 5, 11}, 11));
  cases.push_back(prelu_case("prelu.shared", {2, 3, 5, 11}, 1));
  return cases;
}

GradCases random_activation_cases(Dice& dice) {
  GradCases cases;
  for (const Activation& a : kActivations) cases.push_back(activation_case(std::string(a.name) + ".random", a, dice.any()));
  const Shape x = dice.image();
  cases.push_back(prelu_case("prelu.random", x, dice.coin() ? x[-1] : 1));
  return cases;
}

GradCases softmax_cases() {
  return {softmax_case("softmax.odd", {2, 3, 19}), softmax_case("softmax.wide", {5, 130}), softmax_case("softmax.one", {3, 1}),
          softmax_case("softmax.many", {67, 32}), softmax_case("softmax.long", {3, 300})};
}

GradCases random_softmax_cases(Dice& dice) {
  return {softmax_case("softmax.random", {dice.between(1, 5), dice.between(1, 9), dice.between(2, 300)})};
}

GradCases dropout_cases() {
  const Shape odd = {3, 5, 7};
  return {dropout_case("dropout.half", odd, 0.5), dropout_case("dropout.rare", odd, 0.1), dropout_case("dropout.off", odd, 0),
          dropout_case("dropout.wide", {4, 3, 8}, 0.5)};
}

GradCases random_dropout_cases(Dice& dice) {
  const Shape x = dice.image();
  return {dropout_case("dropout.random", x, 0.1 * static_cast<double>(dice.between(0, 9)))};
}

}  // namespace cf
