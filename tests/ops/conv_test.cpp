#include <doctest/doctest.h>

#include "framework/autograd/engine.h"
#include "framework/ops/activation.h"
#include "framework/ops/conv.h"

using namespace cf;
using doctest::Contains;

namespace {

Tensor numbered(const Shape& shape) {
  Tensor t = Tensor::empty(shape, DType::f64);
  for (std::size_t i = 0; i < t.span<double>().size(); ++i) t.span<double>()[i] = static_cast<double>(i * 7 % 11) - 5;
  return t;
}

}  // namespace

TEST_CASE("conv2d adds the products of the window, with zeros around the image") {
  const Tensor x = Tensor::from<float>({1, 2, 2, 1}, {1, 2, 3, 4});
  const Tensor w = Tensor::from<float>({1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  const Tensor b = Tensor::from<float>({1}, {100});
  // At the top left, rows 2 and 3 of the window see the image: 5*1 + 6*2 + 8*3 + 9*4.
  const Tensor y = ops::conv2d(x, w, b, {.padding = 1});
  CHECK(y.to_vector<float>() == std::vector<float>{177, 167, 147, 137});
}

TEST_CASE("conv2d's fused LeakyReLU is leaky_relu behind conv2d, forward and backward") {
  const auto gradients = [](bool fused) {
    const Tensor x = numbered({1, 5, 4, 3});
    const Tensor w = numbered({4, 3, 3, 3});
    const Tensor b = numbered({4});
    for (const Tensor& t : {x, w, b}) t.set_requires_grad();
    const Tensor y = fused ? ops::conv2d(x, w, b, {.padding = 1, .leaky_slope = 0.2})
                           : ops::leaky_relu(ops::conv2d(x, w, b, {.padding = 1}), 0.2);
    backward(y, numbered(y.shape()));
    return std::vector{y.to_vector<double>(), x.grad().to_vector<double>(), w.grad().to_vector<double>(),
                       b.grad().to_vector<double>()};
  };
  CHECK(gradients(true) == gradients(false));
}

TEST_CASE("conv_transpose2d spreads every pixel over its window") {
  const Tensor x = Tensor::from<float>({1, 1, 2, 1}, {2, 3});
  const Tensor w = Tensor::from<float>({1, 2, 2, 1}, {1, 10, 100, 1000});
  const Tensor y = ops::conv_transpose2d(x, w, {}, {.stride = 2});
  CHECK(y.shape() == Shape{1, 2, 4, 1});
  CHECK(y.to_vector<float>() == std::vector<float>{2, 20, 3, 30, 200, 2000, 300, 3000});
}

TEST_CASE("conv2d of an empty batch is an empty batch") {
  const Tensor y = ops::conv2d(Tensor::empty({0, 4, 4, 3}), Tensor::zeros({5, 3, 3, 3}), {}, {.padding = 1});
  CHECK(y.shape() == Shape{0, 4, 4, 5});
}

TEST_CASE("convolutions say what is wrong with their operands") {
  const Tensor x = Tensor::zeros({1, 4, 4, 6});
  const Tensor w = Tensor::zeros({4, 3, 3, 6});
  CHECK_THROWS_WITH_AS(ops::conv2d(Tensor::zeros({4, 4, 6}), w, {}), Contains("expected 4 dimensions"), Error);
  CHECK_THROWS_WITH_AS(ops::conv2d(x, Tensor::zeros({4, 3, 6}), {}), Contains("weight has shape (4, 3, 6)"), Error);
  CHECK_THROWS_WITH_AS(ops::conv2d(x, Tensor::zeros({4, 3, 3, 5}), {}), Contains("has 6 channels"), Error);
  CHECK_THROWS_WITH_AS(ops::conv2d(x, w, Tensor::zeros({3})), Contains("4 output channels"), Error);
  CHECK_THROWS_WITH_AS(ops::conv2d(x, w.to(DType::f64), {}), Contains("weight is f64"), Error);
  CHECK_THROWS_WITH_AS(ops::conv2d(x, w, {}, {.groups = 4}), Contains("takes 24"), Error);
  CHECK_THROWS_WITH_AS(ops::conv2d(x, Tensor::zeros({4, 3, 3, 2}), {}, {.groups = 3}), Contains("3 groups"), Error);
  CHECK_THROWS_WITH_AS(ops::conv2d(x, w, {}, {.dilation = 2}), Contains("smaller than the window"), Error);
  CHECK_THROWS_WITH_AS(ops::conv2d(x, w, {}, {.stride = 0}), Contains("stride 0"), Error);
  CHECK_THROWS_WITH_AS(ops::conv2d(x, w, {}, {.leaky_slope = -1}), Contains("slope"), Error);
  CHECK_THROWS_WITH_AS(ops::conv_transpose2d(x, w, {}), Contains("takes 4"), Error);
  CHECK_THROWS_WITH_AS(ops::conv_transpose2d(x, Tensor::zeros({6, 2, 2, 3}), {}, {.groups = 2}), Contains("must be 1"), Error);
  CHECK_THROWS_WITH_AS(ops::conv_transpose2d(x, Tensor::zeros({6, 2, 2, 3}), {}, {.padding = 3}), Contains("leaves nothing"),
                       Error);
}
