#include <doctest/doctest.h>

#include <cmath>

#include "framework/ops/norm.h"
#include "kernels/table.h"

using namespace cf;
using doctest::Approx;
using doctest::Contains;

namespace {

Tensor ones(std::int64_t n) { return Tensor::full({n}, 1); }

}  // namespace

TEST_CASE("layer_norm gives each row mean 0 and variance 1") {
  const Tensor x = Tensor::from<float>({2, 2}, {1, 3, 10, 30});
  const Tensor y = ops::layer_norm(x, ones(2), Tensor::from<float>({2}, {0, 100}), 0);
  CHECK(y.to_vector<float>() == std::vector<float>{-1, 101, -1, 101});
}

TEST_CASE("batch_norm updates its running statistics in training and uses them otherwise") {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels guard(backend);
    const Tensor x = Tensor::from<float>({2, 1, 1, 2}, {1, 10, 3, 50});
    const ops::BatchNormState state = {Tensor::zeros({2}), ones(2)};
    const Tensor y = ops::batch_norm(x, ones(2), Tensor::zeros({2}), state, true, 0.5, 0);
    CHECK(y.to_vector<float>() == std::vector<float>{-1, -1, 1, 1});
    CHECK(state.mean.to_vector<float>() == std::vector<float>{1, 15});      // half of 2 and 30
    CHECK(state.var.to_vector<float>() == std::vector<float>{1.5, 400.5});  // half of 1 + 2 and 1 + 800, unbiased
    const Tensor z = ops::batch_norm(x, ones(2), Tensor::zeros({2}), state, false, 0.5, 0);
    CHECK(z.span<float>()[0] == 0);
    CHECK(z.span<float>()[3] == Approx(35 / std::sqrt(400.5)));
    CHECK(state.mean.to_vector<float>() == std::vector<float>{1, 15});
  }
}

TEST_CASE("variance survives a large mean") {
  // Naive sums of squares would lose all digits of the variance here.
  std::vector<float> values(4096);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? 4095.0F : 4097.0F;
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels guard(backend);
    const ops::BatchNormState state = {Tensor::zeros({1}), ones(1)};
    const Tensor y = ops::batch_norm(Tensor::from({4096, 1}, values), ones(1), Tensor::zeros({1}), state, true);
    CHECK(y.span<float>()[0] == Approx(-1).epsilon(1e-4));
    CHECK(y.span<float>()[1] == Approx(1).epsilon(1e-4));
  }
}

TEST_CASE("normalisations say what is wrong with their operands") {
  const Tensor x = Tensor::zeros({2, 3, 4});
  const ops::BatchNormState state = {Tensor::zeros({4}), ones(4)};
  CHECK_THROWS_WITH_AS(ops::layer_norm(x, ones(3), ones(4)), Contains("weight is f32 (3)"), Error);
  CHECK_THROWS_WITH_AS(ops::layer_norm(x, ones(4), ones(4).to(DType::f64)), Contains("bias is f64"), Error);
  CHECK_THROWS_WITH_AS(ops::layer_norm(Tensor::zeros({4}), ones(4), ones(4)), Contains("layer_norm"), Error);
  CHECK_THROWS_WITH_AS(ops::group_norm(x, 3, ones(4), ones(4)), Contains("3 groups"), Error);
  CHECK_THROWS_WITH_AS(ops::batch_norm(x, ones(4), ones(4), {ones(3), ones(4)}, true), Contains("running mean"), Error);
  CHECK_THROWS_WITH_AS(ops::batch_norm(Tensor::zeros({1, 4}), ones(4), ones(4), state, true), Contains("at least two"), Error);
}
