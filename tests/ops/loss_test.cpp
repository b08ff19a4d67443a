#include <doctest/doctest.h>

#include <cmath>

#include "framework/autograd/engine.h"
#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "framework/ops/loss.h"
#include "kernels/table.h"

using namespace cf;

TEST_CASE("losses by hand; the target gets the opposite gradient") {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels use(backend);
    const Tensor x = Tensor::from<float>({4}, {1, 2, 3, 4});
    const Tensor target = Tensor::from<float>({4}, {1, 4, 2, 4});
    x.set_requires_grad();
    target.set_requires_grad();
    const Tensor l1 = ops::l1_loss(x, target);
    CHECK(l1.shape() == Shape{1});
    CHECK(l1.item() == 0.75);
    backward(l1);
    CHECK(x.grad().to_vector<float>() == std::vector<float>{0, -0.25F, 0.25F, 0});
    CHECK(target.grad().to_vector<float>() == std::vector<float>{0, 0.25F, -0.25F, 0});
    CHECK(ops::mse_loss(x, target).item() == 1.25);
    const double want = (0.5 + std::sqrt(4.25) + std::sqrt(1.25) + 0.5) / 4;
    CHECK(ops::charbonnier_loss(x, target, 0.5).item() == doctest::Approx(want).epsilon(1e-7));
  }
}

TEST_CASE("a loss does not depend on the thread count") {
  const Philox rng = make_rng(3, RngStream::test);
  std::vector<float> values(100003);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(rng.normal(i));
  const Tensor x = Tensor::from<float>({100003}, values);
  const Tensor target = Tensor::zeros({100003});
  const int threads = max_threads();
  set_threads(1);
  const double alone = ops::l1_loss(x, target).item();
  set_threads(3);
  CHECK(ops::l1_loss(x, target).item() == alone);
  set_threads(threads);
  const UseKernels use(Backend::reference);
  CHECK(ops::l1_loss(x, target).item() == doctest::Approx(alone).epsilon(1e-7));
}

TEST_CASE("losses refuse what does not fit") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(ops::l1_loss(x, Tensor::zeros({3})), doctest::Contains("differ"), Error);
  CHECK_THROWS_WITH_AS(ops::mse_loss(x, Tensor::zeros({2, 3}, DType::f64)), doctest::Contains("f64"), Error);
  CHECK_THROWS_WITH_AS(ops::charbonnier_loss(x, x, 0), doctest::Contains("eps"), Error);
  CHECK_THROWS_WITH_AS(ops::l1_loss(Tensor::zeros({0}), Tensor::zeros({0})), doctest::Contains("no elements"), Error);
}
