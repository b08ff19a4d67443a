#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "framework/autograd/engine.h"
#include "framework/ops/pool.h"
#include "kernels/table.h"

using namespace cf;
using doctest::Contains;

TEST_CASE("the gradient of a maximum goes to the first element that reaches it") {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels guard(backend);
    const Tensor x = Tensor::from<float>({1, 2, 4, 1}, {1, 5, 7, 7, 5, 5, 7, 0});
    x.set_requires_grad();
    const Tensor y = ops::max_pool2d(x, 2, 2);
    CHECK(y.to_vector<float>() == std::vector<float>{5, 7});
    backward(y, Tensor::from<float>({1, 1, 2, 1}, {2, 3}));
    CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 2, 3, 0, 0, 0, 0, 0});
  }
}

TEST_CASE("a maximum keeps NaN") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels guard(backend);
    for (const auto& values : {std::vector<float>{nan, 1, 2, 3}, std::vector<float>{1, 2, nan, 3}}) {
      CHECK(std::isnan(ops::max_pool2d(Tensor::from<float>({1, 2, 2, 1}, values), 2, 2).item()));
    }
  }
}

TEST_CASE("a last incomplete window is left out") {
  const Tensor x = Tensor::from<float>({1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(ops::avg_pool2d(x, 2, 2).to_vector<float>() == std::vector<float>{3});
  CHECK(ops::avg_pool2d(x, 2, 1).to_vector<float>() == std::vector<float>{3, 4, 6, 7});
}

TEST_CASE("pooling says what is wrong with its operands") {
  CHECK_THROWS_WITH_AS(ops::max_pool2d(Tensor::zeros({4, 4, 1}), 2, 2), Contains("expected (N, H, W, C)"), Error);
  CHECK_THROWS_WITH_AS(ops::max_pool2d(Tensor::zeros({1, 1, 4, 1}), 2, 2), Contains("smaller than the window"), Error);
  CHECK_THROWS_WITH_AS(ops::avg_pool2d(Tensor::zeros({1, 4, 4, 1}), 2, 0), Contains("stride 0"), Error);
}
