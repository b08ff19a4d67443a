#include <doctest/doctest.h>

#include "framework/ops/matmul.h"

using namespace cf;
using doctest::Contains;

TEST_CASE("matmul reads transposed operands as they are stored") {
  const Tensor a = Tensor::from<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor b = Tensor::from<float>({3, 2}, {1, 0, 0, 1, 2, 2});
  const std::vector<float> product = {7, 8, 16, 17};
  const Tensor at = Tensor::from<float>({3, 2}, {1, 4, 2, 5, 3, 6});
  const Tensor bt = Tensor::from<float>({2, 3}, {1, 0, 2, 0, 1, 2});
  CHECK(ops::matmul(a, b).to_vector<float>() == product);
  CHECK(ops::matmul(at, b, true, false).to_vector<float>() == product);
  CHECK(ops::matmul(a, bt, false, true).to_vector<float>() == product);
  CHECK(ops::matmul(at, bt, true, true).to_vector<float>() == product);
}

TEST_CASE("linear multiplies the last dimension") {
  const Tensor x = Tensor::from<float>({1, 2, 2}, {1, 2, 3, 4});
  const Tensor w = Tensor::from<float>({3, 2}, {1, 0, 0, 1, 1, 1});
  const Tensor y = ops::linear(x, w, Tensor::from<float>({3}, {10, 20, 30}));
  CHECK(y.shape() == Shape{1, 2, 3});
  CHECK(y.to_vector<float>() == std::vector<float>{11, 22, 33, 13, 24, 37});
}

TEST_CASE("matmul over an empty inner dimension is zero") {
  CHECK(ops::matmul(Tensor::empty({2, 0}), Tensor::empty({0, 1})).to_vector<float>() == std::vector<float>{0, 0});
}

TEST_CASE("matrix products say what is wrong with their operands") {
  const Tensor a = Tensor::zeros({2, 3, 4});
  CHECK_THROWS_WITH_AS(ops::matmul(a, Tensor::zeros({2, 3, 4})), Contains("inner dimensions"), Error);
  CHECK_THROWS_WITH_AS(ops::matmul(a, Tensor::zeros({3, 4, 5})), Contains("leading dimensions"), Error);
  CHECK_THROWS_WITH_AS(ops::matmul(a, Tensor::zeros({4, 5})), Contains("leading dimensions"), Error);
  CHECK_THROWS_WITH_AS(ops::matmul(a, Tensor::zeros({2, 4, 5}, DType::f64)), Contains("do not mix"), Error);
  CHECK_THROWS_WITH_AS(ops::linear(a, Tensor::zeros({5, 3}), {}), Contains("last dimension"), Error);
  CHECK_THROWS_WITH_AS(ops::linear(a, Tensor::zeros({5, 4}), Tensor::zeros({4})), Contains("5 channels"), Error);
}
