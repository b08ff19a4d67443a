#include <doctest/doctest.h>

#include "framework/ops/conv.h"
#include "framework/ops/laconv.h"

using namespace cf;

namespace {

Tensor ramp(const Shape& shape, double scale) {
  std::vector<double> v(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = scale * static_cast<double>(i % 17) - 1;
  return Tensor::from<double>(shape, v);
}

Tensor ones(const Shape& shape) { return Tensor::full(shape, 1, DType::f64); }

}  // namespace

TEST_CASE("laconv with neutral maps is a convolution") {
  const Tensor x = ramp({2, 4, 5, 3}, 0.2);
  const Tensor weight = ramp({2, 3, 3, 3}, 0.1);
  const Tensor bias = ramp({2}, 0.5);
  const auto expected = ops::conv2d(x, weight, bias, {.padding = 1}).to_vector<double>();
  for (const Shape& channel : {Shape{2, 1, 1, 3}, Shape{2, 4, 5, 3}}) {
    const auto y = ops::laconv(x, ones({2, 4, 5, 9}), ones(channel), weight, bias).to_vector<double>();
    REQUIRE(y.size() == expected.size());
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == doctest::Approx(expected[i]).epsilon(1e-12));
  }
}

TEST_CASE("laconv says what is wrong with its operands") {
  const Tensor x = ones({2, 4, 5, 3});
  const Tensor spatial = ones({2, 4, 5, 9});
  const Tensor channel = ones({2, 1, 1, 3});
  const Tensor weight = ones({2, 3, 3, 3});
  const Tensor bias = ones({2});
  CHECK_THROWS_WITH_AS(ops::laconv(ones({4, 5, 3}), spatial, channel, weight, bias), doctest::Contains("(N, H, W, C)"), Error);
  CHECK_THROWS_WITH_AS(ops::laconv(x, spatial, channel, ones({2, 2, 2, 3}), bias), doctest::Contains("k odd"), Error);
  CHECK_THROWS_WITH_AS(ops::laconv(x, spatial, channel, ones({2, 3, 3, 4}), bias), doctest::Contains("C = 3"), Error);
  CHECK_THROWS_WITH_AS(ops::laconv(x, ones({2, 4, 5, 8}), channel, weight, bias), doctest::Contains("(2, 4, 5, 9)"), Error);
  CHECK_THROWS_WITH_AS(ops::laconv(x, spatial, ones({1, 1, 1, 3}), weight, bias), doctest::Contains("(2, 1, 1, 3)"), Error);
  CHECK_THROWS_WITH_AS(ops::laconv(x, spatial, channel, weight, ones({3})), doctest::Contains("bias must be (2)"), Error);
  CHECK_THROWS_WITH_AS(ops::laconv(x, spatial, channel, weight, bias.to(DType::f32)), doctest::Contains("f32"), Error);
  CHECK_THROWS_WITH_AS(ops::laconv(x, spatial, channel, weight, bias, 0), doctest::Contains("slope"), Error);
}
