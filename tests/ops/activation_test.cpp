#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "framework/autograd/engine.h"
#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "framework/ops/activation.h"
#include "kernels/table.h"

using namespace cf;

TEST_CASE("dropout follows the generator, whatever the backend and the thread count") {
  constexpr std::int64_t kCount = 20001;  // odd: the last generator block serves one element
  const Tensor x = Tensor::full({kCount}, 1);
  const Philox rng = make_rng(11, RngStream::dropout, 4);
  std::vector<float> want(kCount);
  for (std::size_t i = 0; i < want.size(); ++i) want[i] = rng.uniform(i) < 0.25 ? 0.0F : static_cast<float>(1 / 0.75);
  const int threads = max_threads();
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels use(backend);
    for (const int n : {1, 3}) {
      set_threads(n);
      CHECK(ops::dropout(x, 0.25, 11, 4).to_vector<float>() == want);
    }
  }
  set_threads(threads);
  if (cuda_is_emulated()) {
    const UseKernels use(Backend::cuda);
    CHECK(ops::dropout(x, 0.25, 11, 4).to_vector<float>() == want);
    want.pop_back();  // a count that divides into 16 bytes takes another path
    CHECK(ops::dropout(Tensor::full({kCount - 1}, 1), 0.25, 11, 4).to_vector<float>() == want);
  }
  CHECK(ops::dropout(x, 0.25, 11, 5).to_vector<float>() != want);
  CHECK(ops::dropout(x, 0, 11, 4).to_vector<float>() == x.to_vector<float>());
}

TEST_CASE("dropout takes a part of its salt from memory, forward and backward") {
  const Tensor x = Tensor::full({101}, 1).set_requires_grad();
  const Tensor step = Tensor::from<std::int64_t>({1}, {9});
  for (const Backend backend : {Backend::reference, Backend::cpu, Backend::cuda}) {
    if (backend == Backend::cuda && !cuda_is_emulated()) continue;
    const UseKernels use(backend);
    x.zero_grad();
    const Tensor y = ops::dropout(x, 0.5, 3, 4, step);
    CHECK(y.to_vector<float>() == ops::dropout(x, 0.5, 3, 13).to_vector<float>());
    CHECK(y.to_vector<float>() != ops::dropout(x, 0.5, 3, 4).to_vector<float>());
    backward(y, Tensor::full({101}, 1));
    CHECK(x.grad().to_vector<float>() == y.to_vector<float>());
  }
  CHECK_THROWS_WITH_AS(ops::dropout(x, 0.5, 3, 4, Tensor::zeros({1})), doctest::Contains("step"), Error);
  CHECK_THROWS_WITH_AS(ops::dropout(x, 0.5, 3, 4, Tensor::zeros({2}, DType::i64)), doctest::Contains("step"), Error);
}

TEST_CASE("dropout in f64 drops the same elements") {
  const auto narrow = ops::dropout(Tensor::full({101}, 1), 0.5, 3, 0).to_vector<float>();
  const auto wide = ops::dropout(Tensor::full({101}, 1, DType::f64), 0.5, 3, 0).to_vector<double>();
  for (std::size_t i = 0; i < narrow.size(); ++i) CHECK(static_cast<double>(narrow[i]) == wide[i]);
}

TEST_CASE("softmax neither overflows nor hides NaN") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels use(backend);
    CHECK(ops::softmax(Tensor::from<float>({2}, {1000, 1000})).to_vector<float>() == std::vector<float>{0.5F, 0.5F});
    CHECK(ops::softmax(Tensor::from<float>({2, 1}, {3, -4})).to_vector<float>() == std::vector<float>{1, 1});
    CHECK(ops::softmax(Tensor::from<float>({2}, {0, -infinity})).to_vector<float>() == std::vector<float>{1, 0});
    for (const float v : ops::softmax(Tensor::from<float>({3}, {1, nan, 2})).to_vector<float>()) CHECK(std::isnan(v));
  }
}

TEST_CASE("activations refuse what they cannot use") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(ops::leaky_relu(x, 0), doctest::Contains("slope"), Error);
  CHECK_THROWS_WITH_AS(ops::prelu(x, Tensor::zeros({2})), doctest::Contains("prelu"), Error);
  CHECK_THROWS_WITH_AS(ops::prelu(x, Tensor::zeros({3}, DType::f64)), doctest::Contains("f64"), Error);
  CHECK_THROWS_WITH_AS(ops::dropout(x, 1, 0, 0), doctest::Contains("probability"), Error);
  CHECK_THROWS_WITH_AS(ops::dropout(x, -0.1, 0, 0), doctest::Contains("probability"), Error);
  CHECK_THROWS_WITH_AS(ops::softmax(Tensor::zeros({2, 0})), doctest::Contains("softmax"), Error);
  CHECK_THROWS_WITH_AS(ops::relu(Tensor::zeros({2}, DType::i64)), doctest::Contains("i64"), Error);
}
