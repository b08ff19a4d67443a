#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "framework/autograd/engine.h"
#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "framework/ops/reduce.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

Tensor noise(const Shape& shape) {
  const Philox rng = make_rng(2, RngStream::test);
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(rng.normal(i));
  return Tensor::from(shape, values);
}

std::vector<float> gradient_of_max(const Tensor& x, const std::vector<int>& dims) {
  x.set_requires_grad();
  const Tensor y = ops::max(x, dims);
  backward(y, Tensor::full(y.shape(), 6));
  const auto g = x.grad().to_vector<float>();
  x.set_requires_grad(false);
  return g;
}

}  // namespace

TEST_CASE("shapes of results") {
  const Tensor x = Tensor::full({2, 3, 4}, 1);
  CHECK(ops::sum(x).shape() == Shape{1, 1, 1});
  CHECK(ops::sum(x, {}, false).shape() == Shape{1});
  CHECK(ops::sum(x, {1}).shape() == Shape{2, 1, 4});
  CHECK(ops::sum(x, {-1, 0}, false).shape() == Shape{3});
  CHECK(ops::sum(x).item() == 24);
  CHECK(ops::mean(x, {0, 1}).to_vector<float>() == std::vector<float>(4, 1));
}

TEST_CASE("elements that tie for the maximum share the gradient") {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels use(backend);
    const Tensor x = Tensor::from<float>({2, 3}, {5, 5, 1, 2, 5, 2});
    CHECK(gradient_of_max(x, {1}) == std::vector<float>{3, 3, 0, 0, 6, 0});
    CHECK(gradient_of_max(x, {0}) == std::vector<float>{6, 3, 0, 0, 3, 6});
    CHECK(gradient_of_max(x, {}) == std::vector<float>{2, 2, 0, 0, 2, 0});
  }
}

TEST_CASE("NaN reaches the maximum wherever it stands") {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels use(backend);
    for (const std::size_t place : {0, 1, 20, 36}) {
      CAPTURE(place);
      const Tensor x = noise({37});
      x.span<float>()[place] = std::numeric_limits<float>::quiet_NaN();
      CHECK(std::isnan(ops::max(x).item()));
      CHECK(std::isnan(ops::max(x.alias({37, 1}), {0}).item()));
      CHECK(gradient_of_max(x, {})[place] == 6);
    }
    CHECK(ops::max(Tensor::full({5}, -std::numeric_limits<double>::infinity())).item() ==
          -std::numeric_limits<double>::infinity());
  }
}

TEST_CASE("large reductions agree with the reference and do not depend on the thread count") {
  const Tensor x = noise({4, 67, 71, 19});
  const int threads = max_threads();
  for (const std::vector<int>& dims : std::vector<std::vector<int>>{{}, {3}, {0, 1, 2}, {1, 2}, {0}, {1, 3}, {0, 2}, {1}}) {
    CAPTURE(dims.size());
    for (const auto& op : {ops::sum, ops::max}) {
      set_threads(1);
      const auto alone = op(x, dims, true);
      set_threads(3);
      const auto together = op(x, dims, true);
      set_threads(threads);
      CHECK(alone.to_vector<float>() == together.to_vector<float>());
      const UseKernels use(Backend::reference);
      CHECK(test::relative_error(alone, op(x, dims, true)) < 2e-7);
    }
  }
}

TEST_CASE("a long sum of equal terms does not drift") {
  const Tensor x = Tensor::full({3000001}, 0.1);
  CHECK(ops::sum(x).item() == doctest::Approx(3000001 * static_cast<double>(0.1F)).epsilon(1e-7));
  CHECK(ops::mean(x).item() == doctest::Approx(static_cast<double>(0.1F)).epsilon(1e-7));
}

TEST_CASE("reductions refuse dimensions that are not there") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_AS(ops::sum(x, {2}), Error);
  CHECK_THROWS_WITH_AS(ops::mean(x, {1, -1}), doctest::Contains("twice"), Error);
  CHECK_THROWS_WITH_AS(ops::max(Tensor::zeros({0, 3})), doctest::Contains("max"), Error);
  CHECK_THROWS_WITH_AS(ops::sum(Tensor::zeros({2}, DType::u8)), doctest::Contains("u8"), Error);
}
