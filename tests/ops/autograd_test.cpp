#include <doctest/doctest.h>

#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"
#include "framework/ops/elementwise.h"

using namespace cf;

TEST_CASE("backward adds the gradient of every path") {
  const Tensor x = Tensor::from<double>({3}, {1, 2, 3});
  x.set_requires_grad();
  const Tensor y = ops::mul(x, x);
  const Tensor z = ops::add(y, x);  // x^2 + x
  backward(z, Tensor::full({3}, 1, DType::f64));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{3, 5, 7});
}

TEST_CASE("the engine sums broadcast dimensions") {
  const Tensor a = Tensor::full({2, 3}, 2, DType::f64);
  const Tensor b = Tensor::from<double>({3}, {1, 2, 3});
  a.set_requires_grad();
  b.set_requires_grad();
  backward(ops::mul(a, b), Tensor::full({2, 3}, 1, DType::f64));
  CHECK(a.grad().to_vector<double>() == std::vector<double>{1, 2, 3, 1, 2, 3});
  CHECK(b.grad().to_vector<double>() == std::vector<double>{4, 4, 4});
}

TEST_CASE("a graph of 300,000 nodes neither overflows in backward nor in its destructor") {
  const Tensor x = Tensor::full({1}, 1, DType::f64);
  x.set_requires_grad();
  for (const bool walk : {true, false}) {
    Tensor y = x;
    for (int i = 0; i < 300000; ++i) y = ops::affine(y, 1, 0);
    if (walk) {
      backward(y);
      CHECK(x.grad().item() == 1);
    }
  }
}

TEST_CASE("a walked graph cannot be walked again, and NoGrad records nothing") {
  const Tensor x = Tensor::full({1}, 3, DType::f64);
  x.set_requires_grad();
  const Tensor y = ops::square(x);
  backward(y);
  CHECK_THROWS_WITH_AS(backward(y), doctest::Contains("already walked"), Error);
  const NoGrad guard;
  CHECK_FALSE(ops::square(x).requires_grad());
}

TEST_CASE("an injected fault scales a gradient") {
  const Tensor x = Tensor::full({1}, 3, DType::f64);
  x.set_requires_grad();
  const BackwardFault fault("square", 1.001);
  backward(ops::square(x));
  CHECK(x.grad().item() == doctest::Approx(6.006));
}
