#include "framework/gradcheck/case.h"
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

}  // namespace

GradCases elementwise_cases() {
  GradCases cases;
  add_patterns(cases, "add", ops::add);
  add_patterns(cases, "sub", ops::sub);
  add_patterns(cases, "mul", ops::mul);
  add_patterns(cases, "div", ops::div);
  const Shape odd = {3, 5, 7};
  cases.push_back({"affine", {{odd}}, [](const Tensors& in) { return Tensors{ops::affine(in[0], -1.7, 0.3)}; }});
  cases.push_back({"neg", {{odd}}, [](const Tensors& in) { return Tensors{ops::neg(in[0])}; }});
  cases.push_back({"abs", {{odd}}, [](const Tensors& in) { return Tensors{ops::abs(in[0])}; }});
  cases.push_back({"exp", {{odd}}, [](const Tensors& in) { return Tensors{ops::exp(in[0])}; }});
  cases.push_back({"sqrt", {{odd, kPositive}}, [](const Tensors& in) { return Tensors{ops::sqrt(in[0])}; }});
  cases.push_back({"square", {{odd}}, [](const Tensors& in) { return Tensors{ops::square(in[0])}; }});
  cases.push_back({"clamp", {{odd}}, [](const Tensors& in) { return Tensors{ops::clamp(in[0], -0.6, 0.8)}; }});
  const CaseInput mask = {odd, CaseInput::Fill::mask, false};
  const auto where = [](const Tensors& in) { return Tensors{ops::where(in[0], in[1], in[2])}; };
  cases.push_back({"where.same", {mask, {odd}, {odd}}, where});
  cases.push_back({"where.broadcast", {mask, {{7}}, {{3, 1, 1}}}, where});
  cases.push_back({"where.scalar", {mask, {odd}, {{1}}}, where});
  cases.push_back({"where.mask_per_pixel", {{{3, 5, 1}, CaseInput::Fill::mask, false}, {odd}, {odd}}, where});
  return cases;
}

}  // namespace cf
