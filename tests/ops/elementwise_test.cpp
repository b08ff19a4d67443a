#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "framework/core/rng.h"
#include "framework/ops/activation.h"
#include "framework/ops/elementwise.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor noise(const Shape& shape, std::uint64_t salt) {
  const Philox rng = make_rng(1, RngStream::test, salt);
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(rng.normal(i));
  return Tensor::from(shape, values);
}

using UnaryOp = Tensor (*)(const Tensor&);

// f at one f32 value in the middle of a vector and in a tail.
std::pair<float, float> at(UnaryOp f, double x) {
  const Tensor y = f(Tensor::full({37}, x));
  return {y.span<float>()[1], y.span<float>()[36]};
}

void check_value(UnaryOp f, double x, double want) {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels use(backend);
    CAPTURE(static_cast<int>(backend));
    CAPTURE(x);
    const auto [body, tail] = at(f, x);
    if (std::isnan(want)) {
      CHECK(std::isnan(body));
      CHECK(std::isnan(tail));
    } else {
      CHECK(static_cast<double>(body) == want);
      CHECK(static_cast<double>(tail) == want);
    }
  }
}

// The largest relative error of f in f32 on the fast backend over [lo, hi], against f64.
double largest_error(UnaryOp f, double lo, double hi) {
  constexpr std::int64_t kPoints = 200001;
  const Tensor x = Tensor::empty({kPoints});
  for (std::int64_t i = 0; i < kPoints; ++i) {
    x.span<float>()[static_cast<std::size_t>(i)] = static_cast<float>(lo + (hi - lo) * static_cast<double>(i) / (kPoints - 1));
  }
  const Tensor got = f(x);
  const Tensor want = f(x.to(DType::f64));
  double worst = 0;
  for (std::size_t i = 0; i < kPoints; ++i) {
    const double exact = want.span<double>()[i];
    if (std::abs(exact) < 1e-37) continue;  // near the denormals of f32
    worst = std::max(worst, std::abs(static_cast<double>(got.span<float>()[i]) - exact) / std::abs(exact));
  }
  return worst;
}

}  // namespace

TEST_CASE("special values of unary functions") {
  for (const UnaryOp f : {ops::neg, ops::abs, ops::exp, ops::sqrt, ops::square, ops::relu, ops::sigmoid, ops::silu, ops::tanh}) {
    check_value(f, kNan, kNan);
  }
  check_value(ops::exp, 0, 1);
  check_value(ops::exp, kInf, kInf);
  check_value(ops::exp, -kInf, 0);
  check_value(ops::exp, 89, kInf);
  check_value(ops::exp, -104, 0);
  check_value(ops::sigmoid, 0, 0.5);
  check_value(ops::sigmoid, kInf, 1);
  check_value(ops::sigmoid, -kInf, 0);
  check_value(ops::tanh, 0, 0);
  check_value(ops::tanh, 50, 1);
  check_value(ops::tanh, -kInf, -1);
  check_value(ops::relu, -kInf, 0);
  check_value(ops::relu, kInf, kInf);
  check_value(ops::sqrt, -1, kNan);
  check_value(ops::abs, -kInf, kInf);
}

TEST_CASE("clamp and leaky ReLU keep NaN") {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels use(backend);
    CHECK(std::isnan(ops::clamp(Tensor::full({3}, kNan), 0, 1).span<float>()[0]));
    CHECK(std::isnan(ops::leaky_relu(Tensor::full({3}, kNan), 0.1).span<float>()[0]));
  }
}

TEST_CASE("exp and its kin are exact to a few units in the last place") {
  CHECK(largest_error(ops::exp, -87, 88) < 2e-7);
  CHECK(largest_error(ops::exp, -1, 1) < 2e-7);
  CHECK(largest_error(ops::sigmoid, -80, 80) < 3e-7);
  CHECK(largest_error(ops::sigmoid, -2, 2) < 3e-7);
  CHECK(largest_error(ops::silu, -80, 80) < 4e-7);
  CHECK(largest_error(ops::tanh, -12, 12) < 3e-7);
  CHECK(largest_error(ops::tanh, -0.01, 0.01) < 3e-7);
}

TEST_CASE("broadcasting over shapes that are cut into pieces") {
  struct Pattern {
    Shape a, b;
  };
  const Pattern patterns[] = {
      {{3, 41, 43, 8}, {8}},
      {{3, 41, 43, 3}, {3}},
      {{3, 41, 43, 5}, {1}},
      {{3, 41, 43, 37}, {37}},
      {{3, 41, 43, 5}, {41, 43, 1}},
      {{3, 41, 43, 35}, {3, 41, 43, 1}},
      {{3, 41, 43, 9}, {3, 1, 1, 9}},
      {{3, 41, 43, 9}, {41, 1, 9}},
      {{3, 1, 43, 1}, {41, 1, 9}},
      {{100003}, {100003}},
      {{1}, {100003}},
  };
  for (const Pattern& p : patterns) {
    CAPTURE(p.a.str());
    CAPTURE(p.b.str());
    const Tensor a = noise(p.a, 0);
    const Tensor b = noise(p.b, 1);
    const Tensor fast[] = {ops::sub(a, b), ops::sub(b, a)};
    const UseKernels use(Backend::reference);
    CHECK(fast[0].to_vector<float>() == ops::sub(a, b).to_vector<float>());
    CHECK(fast[1].to_vector<float>() == ops::sub(b, a).to_vector<float>());
  }
}

TEST_CASE("operands that do not fit are refused") {
  const Tensor a = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(ops::add(a, Tensor::zeros({2})), doctest::Contains("add"), Error);
  CHECK_THROWS_WITH_AS(ops::mul(a, Tensor::zeros({2, 3}, DType::f64)), doctest::Contains("f64"), Error);
  CHECK_THROWS_WITH_AS(ops::clamp(a, 1, 0), doctest::Contains("bound"), Error);
  CHECK_THROWS_WITH_AS(ops::exp(Tensor::zeros({2}, DType::u8)), doctest::Contains("u8"), Error);
  CHECK_THROWS_WITH_AS(ops::where(a, a, a), doctest::Contains("not u8"), Error);
  const Tensor mask = Tensor::zeros({2, 3}, DType::u8);
  CHECK_THROWS_WITH_AS(ops::where(mask, a, Tensor::zeros({2, 3}, DType::f64)), doctest::Contains("where"), Error);
  CHECK_THROWS_AS(ops::where(mask, a, Tensor::zeros({4})), Error);
  CHECK_THROWS_AS(ops::add(Tensor(), a), Error);
}

TEST_CASE("where chooses; what is not chosen does not spoil the result") {
  const Tensor mask = Tensor::from<std::uint8_t>({3}, {1, 0, 255});
  const Tensor a = Tensor::from<float>({3}, {1, std::numeric_limits<float>::quiet_NaN(), 3});
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels use(backend);
    CHECK(ops::where(mask, a, Tensor::full({1}, 7)).to_vector<float>() == std::vector<float>{1, 7, 3});
  }
}
