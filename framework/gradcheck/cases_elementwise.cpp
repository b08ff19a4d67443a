#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/elementwise.h"

namespace cf {
namespace {

using Tensors = std::vector<Tensor>;
using BinaryOp = Tensor (*)(const Tensor&, const Tensor&);
constexpr auto kPositive = CaseInput::Fill::positive;

// The ways in which operands broadcast in the networks, and sizes that leave SIMD tails.
struct Pattern {
  const char* name;
  Shape a;
  Shape b;
};

void add_patterns(GradCases& cases, const std::string& op, BinaryOp fn) {
  const Pattern patterns[] = {
      {"same", {2, 3, 5, 7}, {2, 3, 5, 7}},
      {"scalar", {2, 3, 5, 7}, {1}},
      {"scalar_left", {1}, {2, 3, 11}},
      {"channel", {2, 5, 3, 8}, {8}},
      {"odd_channel", {2, 5, 3, 37}, {37}},
      {"channel_102", {1, 3, 5, 102}, {102}},
      {"channel_left", {3}, {2, 5, 3, 3}},
      {"pixel", {2, 5, 3, 8}, {2, 5, 3, 1}},
      {"pixel_left", {2, 4, 3, 1}, {2, 4, 3, 35}},
      {"image_channel", {2, 5, 3, 7}, {2, 1, 1, 7}},
      {"both", {2, 1, 3, 1}, {4, 1, 5}},
  };
  for (const Pattern& p : patterns) {
    cases.push_back({op + "." + p.name,
                     {{p.a}, {p.b, op == "div" ? kPositive : CaseInput::Fill::normal}},
                     [fn](const Tensors& in) { return Tensors{fn(in[0], in[1])}; }});
  }
}

struct UnaryOp {
  const char* name;
  Tensor (*fn)(const Tensor&);
  CaseInput::Fill fill = CaseInput::Fill::normal;
};

constexpr UnaryOp kUnaryOps[] = {
    {"affine", [](const Tensor& x) { return ops::affine(x, -1.7, 0.3); }},
    {"neg", ops::neg},
    {"abs", ops::abs},
    {"exp", ops::exp},
    {"sqrt", ops::sqrt, kPositive},
    {"square", ops::square},
    {"clamp", [](const Tensor& x) { return ops::clamp(x, -0.6, 0.8); }},
};

GradCase unary_case(const UnaryOp& op, const std::string& name, const Shape& shape) {
  return {name, {{shape, op.fill}}, [fn = op.fn](const Tensors& in) { return Tensors{fn(in[0])}; }};
}

constexpr std::pair<const char*, BinaryOp> kBinaryOps[] = {
    {"add", ops::add}, {"sub", ops::sub}, {"mul", ops::mul}, {"div", ops::div}};

Tensors where(const Tensors& in) { return {ops::where(in[0], in[1], in[2])}; }

}  // namespace

GradCases elementwise_cases() {
  GradCases cases;
  for (const auto& [name, fn] : kBinaryOps) add_patterns(cases, name, fn);
  const Shape odd = {3, 5, 7};
  for (const UnaryOp& op : kUnaryOps) cases.push_back(unary_case(op, op.name, odd));
  const CaseInput mask = {odd, CaseInput::Fill::mask, false};
  cases.push_back({"where.same", {mask, {odd}, {odd}}, where});
  cases.push_back({"where.broadcast", {mask, {{7}}, {{3, 1, 1}}}, where});
  cases.push_back({"where.scalar", {mask, {odd}, {{1}}}, where});
  cases.push_back({"where.mask_per_pixel", {{{3, 5, 1}, CaseInput::Fill::mask, false}, {odd}, {odd}}, where});
  return cases;
}

GradCases random_elementwise_cases(Dice& dice) {
  GradCases cases;
  for (const UnaryOp& op : kUnaryOps) cases.push_back(unary_case(op, std::string(op.name) + ".random", dice.any()));
  for (const auto& [name, fn] : kBinaryOps) {
    const Shape whole = dice.image();
    const Shape part = dice.broadcast_to(whole);
    const bool left = dice.coin();
    const auto fill = name == std::string_view("div") ? kPositive : CaseInput::Fill::normal;
    cases.push_back({std::string(name) + ".random",
                     {{left ? part : whole}, {left ? whole : part, fill}},
                     [fn = fn](const Tensors& in) { return Tensors{fn(in[0], in[1])}; }});
  }
  const Shape whole = dice.image();
  const CaseInput mask = {dice.broadcast_to(whole), CaseInput::Fill::mask, false};
  cases.push_back({"where.random", {mask, {whole}, {dice.broadcast_to(whole)}}, where});
  return cases;
}

}  // namespace cf
