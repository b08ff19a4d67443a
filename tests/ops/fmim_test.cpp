// The closed form of the frequency modulation against the filter by Fourier transform, forward and backward.
#include <doctest/doctest.h>

#include <cmath>

#include "framework/autograd/engine.h"
#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "framework/ops/ops.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

using Pair = std::pair<Tensor, Tensor>;

Tensor noise(const Shape& shape, std::uint64_t salt) {
  const Philox rng = make_rng(7, RngStream::test, salt);
  Tensor t = Tensor::empty(shape);
  std::uint64_t i = 0;
  // Not around 0, as SSDiff's features: the mean is what the filter takes most from.
  for (float& v : t.span<float>()) v = static_cast<float>(1 + rng.normal(i++));
  return t;
}

// The result and the gradient of the input.
template <class F>
Pair evaluate(F fn, const Shape& shape, DType dtype) {
  const Tensor x = noise(shape, 1).to(dtype).clone().set_requires_grad();
  const Tensor y = fn(x);
  backward(y, noise(shape, 2).to(dtype));
  return {y, x.grad()};
}

}  // namespace

TEST_CASE("the closed form equals the filter by Fourier transform") {
  std::vector<std::tuple<Backend, DType, double>> settings = {
      {Backend::reference, DType::f64, 1e-13}, {Backend::reference, DType::f32, 1e-6}, {Backend::cpu, DType::f32, 1e-6}};
  if (cuda_is_emulated()) settings.emplace_back(Backend::cuda, DType::f32, 1e-6);
  for (const Shape& shape : {Shape{1, 64, 64, 3}, Shape{2, 32, 32, 8}, Shape{2, 16, 16, 37}, Shape{1, 63, 63, 1},
                             Shape{1, 64, 48, 2}, Shape{3, 33, 21, 5}, Shape{1, 4, 2, 32}, Shape{2, 2, 2, 1}}) {
    CAPTURE(shape.str());
    for (const double scale : {0.3, 0.9}) {
      const Pair want = [&] {
        const UseKernels use(Backend::reference);
        return evaluate([&](const Tensor& y) { return ops::fourier_filter(y, 1, scale); }, shape, DType::f64);
      }();
      for (const auto& [backend, dtype, tolerance] : settings) {
        CAPTURE(kernel_table(backend).name);
        const UseKernels use(backend);
        const Pair got = evaluate([&](const Tensor& y) { return ops::fmim(y, scale); }, shape, dtype);
        CHECK(test::relative_error(got.first, want.first) <= tolerance);
        CHECK(test::relative_error(got.second, want.second) <= tolerance);
      }
    }
  }
}

TEST_CASE("fmim with scale 1 changes nothing, and takes a constant down by the scale") {
  const Tensor x = noise({1, 8, 8, 4}, 1);
  CHECK(test::relative_error(ops::fmim(x, 1), x) == 0);
  const Tensor constant = Tensor::full({1, 7, 9, 4}, 2);
  CHECK(test::relative_error(ops::fmim(constant, 0.3), Tensor::full({1, 7, 9, 4}, 0.6)) <= 1e-6);
}

TEST_CASE("fmim does not depend on the number of threads") {
  const Tensor x = noise({2, 33, 20, 32}, 1);
  const int before = max_threads();
  std::vector<float> first;
  for (const int threads : {1, 2, 3}) {
    set_threads(threads);
    const auto y = ops::fmim(x, 0.6).to_vector<float>();
    if (threads == 1) first = y;
    CHECK(y == first);
  }
  set_threads(before);
}

TEST_CASE("fmim refuses what is no image") {
  CHECK_THROWS_WITH_AS(ops::fmim(Tensor::zeros({4, 4, 4}), 0.5), doctest::Contains("(N, H, W, C)"), Error);
  CHECK_THROWS_WITH_AS(ops::fmim(Tensor::zeros({1, 1, 4, 4}), 0.5), doctest::Contains("2 x 2"), Error);
}
