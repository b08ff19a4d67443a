#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/matmul.h"

namespace cf {
namespace {

GradCase matmul_case(const char* name, const Shape& a, const Shape& b, bool ta, bool tb) {
  return {name, {{a}, {b}}, [ta, tb](const std::vector<Tensor>& in) {
            return std::vector<Tensor>{ops::matmul(in[0], in[1], ta, tb)};
          }};
}

GradCase linear_case(const char* name, const Shape& x, std::int64_t out, bool bias) {
  GradCase c = {name, {{x}, {{out, x[-1]}}}, {}};
  if (bias) c.inputs.push_back({{out}});
  c.fn = [](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{ops::linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor())};
  };
  return c;
}

}  // namespace

GradCases matmul_cases() {
  return {
      matmul_case("matmul.plain", {5, 7}, {7, 3}, false, false),
      matmul_case("matmul.transposed_a", {7, 5}, {7, 3}, true, false),
      matmul_case("matmul.transposed_b", {5, 7}, {3, 7}, false, true),
      matmul_case("matmul.transposed_both", {7, 5}, {3, 7}, true, true),
      matmul_case("matmul.batched", {2, 3, 4, 17}, {2, 3, 17, 2}, false, false),
      matmul_case("matmul.batched_transposed", {3, 4, 5}, {3, 2, 4}, true, true),
      matmul_case("matmul.tall", {65, 3}, {3, 9}, false, false),
      matmul_case("matmul.vector", {1, 9}, {9, 1}, false, false),
      linear_case("linear.rows", {4, 7}, 5, true),
      linear_case("linear.image", {2, 3, 5, 9}, 17, true),
      linear_case("linear.no_bias", {3, 4}, 6, false),
      linear_case("linear.vector", {5}, 3, true),
  };
}

GradCases random_matmul_cases(Dice& dice) {
  const std::int64_t m = dice.between(1, 40);
  const std::int64_t k = dice.between(1, 70);
  const std::int64_t n = dice.between(1, 40);
  const bool ta = dice.coin();
  const bool tb = dice.coin();
  const std::int64_t batch = dice.between(1, 3);
  const Shape x = dice.image();
  const std::int64_t out = dice.channels();
  return {matmul_case("matmul.random", {batch, ta ? k : m, ta ? m : k}, {batch, tb ? n : k, tb ? k : n}, ta, tb),
          linear_case("linear.random", x, out, dice.coin())};
}

}  // namespace cf
