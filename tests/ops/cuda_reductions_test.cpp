// What the declared cases leave open of the CUDA kernels that reduce, in the emulator: NaN and ties, values far from zero, the
// same bits whatever the order of threads, and the precision of statistics and losses of bf16.
#include <doctest/doctest.h>

#ifdef CF_EMULATED
#include <cmath>
#include <limits>

#include "framework/autograd/engine.h"
#include "framework/core/rng.h"
#include "framework/ops/ops.h"
#include "kernels/cuda/emulator/emulator.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();

Tensor random(const Shape& shape, float offset = 0) {
  const Philox rng = make_rng(5, RngStream::test, 1);
  Tensor t = Tensor::empty(shape);
  std::uint64_t i = 0;
  for (float& v : t.span<float>()) v = offset + static_cast<float>(rng.normal(i++));
  return t;
}

template <class F>
Tensor on(Backend backend, F&& fn) {
  const UseKernels use(backend);
  return fn();
}

}  // namespace

TEST_CASE("maxima on cuda keep NaN, and share gradients among equals") {
  const UseKernels use(Backend::cuda);
  for (const std::int64_t c : {3, 32, 33}) {
    CAPTURE(c);
    const Tensor x = Tensor::full({4, c}, 2);
    x.span<float>()[static_cast<std::size_t>(c)] = kNan;
    x.span<float>()[static_cast<std::size_t>(4 * c - 1)] = kNan;
    for (const Tensor& y : {ops::max(x, {-1}), ops::slice(ops::channel_max_mean(x), -1, 0, 1)}) {
      CHECK(y.span<float>()[0] == 2);
      CHECK(std::isnan(y.span<float>()[1]));
      CHECK(y.span<float>()[2] == 2);
      CHECK(std::isnan(y.span<float>()[3]));
    }
    x.set_requires_grad();
    backward(ops::max(x, {-1}), Tensor::full({4, 1}, 6));
    const auto g = x.grad().to_vector<float>();
    CHECK(g[0] == doctest::Approx(6.0 / static_cast<double>(c)));
    CHECK(g[static_cast<std::size_t>(c)] == 6);
    CHECK(g[static_cast<std::size_t>(c) + 1] == 0);
  }
}

TEST_CASE("pooling on cuda: NaN is the largest, the first of equals takes the gradient") {
  const UseKernels use(Backend::cuda);
  const Tensor x = Tensor::from<float>({1, 2, 4, 1}, {1, 5, kNan, 7, 5, 5, 7, kNan});
  x.set_requires_grad();
  const Tensor y = ops::max_pool2d(x, 2, 2);
  CHECK(y.span<float>()[0] == 5);
  CHECK(std::isnan(y.span<float>()[1]));
  backward(y, Tensor::from<float>({1, 1, 2, 1}, {2, 3}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 2, 3, 0, 0, 0, 0, 0});
}

TEST_CASE("norms on cuda of values far from zero lose no more than their rounding") {
  constexpr double kFar = 1000;
  const Tensor w = random({32});
  const Tensor b = random({32});
  const Tensor x = random({2, 20, 15, 32}, kFar);
  // Around 1000 an f32 resolves 6e-5 of the deviations, which is what the mean may be off.
  constexpr double kTolerance = 1e-4;
  const auto group = [&] { return ops::group_norm(x, 4, w, b); };
  CHECK(test::relative_error(on(Backend::cuda, group), on(Backend::reference, group)) <= kTolerance);
  const auto layer = [&] { return ops::layer_norm(x, w, b); };
  CHECK(test::relative_error(on(Backend::cuda, layer), on(Backend::reference, layer)) <= kTolerance);
}

TEST_CASE("sums on cuda keep what a float accumulator would lose") {
  // 2^24 + 1 is no float: added one by one, the ones would vanish.
  const Tensor x = Tensor::full({8192}, 1);
  x.span<float>()[0] = 16777216;
  const Tensor y = on(Backend::cuda, [&] { return ops::sum(x); });
  CHECK(std::abs(y.item() - (16777216.0 + 8191)) <= 32);
}

TEST_CASE("reductions on cuda give the same bits whatever the order of threads") {
  const UseKernels use(Backend::cuda);
  const Tensor x = random({2, 20, 15, 32});
  const auto all = [&] {
    std::vector<float> bits;
    const auto keep = [&](const Tensor& t) {
      for (const float v : t.to_vector<float>()) bits.push_back(v);
    };
    keep(ops::sum(x));
    keep(ops::sum(x, {0, 1, 2}));
    keep(ops::sum(x, {-1}));
    keep(ops::mse_loss(x, ops::neg(x)));
    const Tensor w = random({32}).set_requires_grad();
    const Tensor y = ops::group_norm(x, 4, w, random({32}));
    keep(y);
    backward(ops::sum(ops::mul(y, x)));
    keep(w.grad());
    return bits;
  };
  const auto forward = all();
  emulator::set_order(emulator::Order::backward);
  const auto reversed = all();
  emulator::set_order(emulator::Order::forward);
  CHECK(forward == reversed);
}

TEST_CASE("statistics and losses of bf16 are f32") {
  const UseKernels use(Backend::cuda);
  const Tensor x = random({2, 4, 4, 8}).to(DType::bf16);
  const Tensor loss = ops::l1_loss(x, ops::neg(x));
  CHECK(loss.dtype() == DType::f32);
  const Tensor w = Tensor::full({8}, 1).to(DType::bf16);
  const ops::BatchNormState state = {Tensor::zeros({8}), Tensor::full({8}, 1)};
  CHECK(ops::batch_norm(x, w, w, state, true).dtype() == DType::bf16);
  const ops::BatchNormState narrow = {state.mean.to(DType::bf16), state.var.to(DType::bf16)};
  CHECK_THROWS_WITH_AS(ops::batch_norm(x, w, w, narrow, true), doctest::Contains("expected one f32"), Error);
}
#endif
