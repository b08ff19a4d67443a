// Mixed precision: what operators do with f32 and bf16 operands. bf16 computes on the cuda backend, emulated here.
#include <doctest/doctest.h>

#include "framework/autograd/engine.h"
#include "framework/core/rng.h"
#include "framework/ops/ops.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;
using ops::MixedPrecision;

namespace {

// Operands and result are rounded to 8 bits: 2e-3 each.
constexpr double kTolerance = 1e-2;

Tensor random(const Shape& shape, std::uint64_t salt, DType dtype = DType::f32) {
  const Philox rng = make_rng(3, RngStream::test, salt);
  Tensor t = Tensor::empty(shape);
  std::uint64_t i = 0;
  for (float& v : t.span<float>()) v = static_cast<float>(rng.normal(i++));
  return t.to(dtype);
}

}  // namespace

TEST_CASE("cast rounds forwards and carries gradients back in the type they came from") {
  const Tensor x = Tensor::from<float>({3}, {1, 1.001F, -2.5F}).set_requires_grad();
  const Tensor y = ops::cast(x, DType::bf16);
  CHECK(y.dtype() == DType::bf16);
  CHECK(y.to(DType::f32).to_vector<float>() == std::vector<float>{1, 1, -2.5F});
  backward(y, Tensor::from<float>({3}, {1, 2, 3}).to(DType::bf16));
  CHECK(x.grad().dtype() == DType::f32);
  CHECK(x.grad().to_vector<float>() == std::vector<float>{1, 2, 3});
  CHECK(ops::cast(x, DType::f32).impl() == x.impl());
  CHECK_THROWS_AS(ops::cast(x, DType::u8), Error);
}

TEST_CASE("without the guard precisions do not mix") {
  const Tensor a = random({4}, 1);
  CHECK_THROWS_WITH_AS(ops::add(a, random({4}, 2, DType::bf16)), doctest::Contains("do not mix"), Error);
  CHECK_FALSE(ops::mixed_precision());
  {
    const MixedPrecision off(false);
    CHECK_FALSE(ops::mixed_precision());
  }
}

TEST_CASE("f64 and integers are left alone") {
  const MixedPrecision mixed;
  CHECK(ops::mul(random({4}, 1, DType::f64), random({4}, 2, DType::f64)).dtype() == DType::f64);
  CHECK_THROWS_AS(ops::mul(random({4}, 1, DType::f64), random({4}, 2, DType::bf16)), Error);
}

TEST_CASE("each operator brings its operands to the precision of its policy") {
  if (!cuda_is_emulated()) {
    MESSAGE("skipped: this build computes in bf16 on a GPU only");
    return;
  }
  const UseKernels use(Backend::cuda);
  const MixedPrecision mixed;
  const Tensor full = random({2, 4, 4, 8}, 1);
  const Tensor half = random({2, 4, 4, 8}, 2, DType::bf16);
  const auto type = [](const Tensor& t) { return t.dtype(); };
  // narrow
  const Tensor weight = random({8, 3, 3, 8}, 3);
  CHECK(type(ops::conv2d(full, weight, random({8}, 4), {1, 1})) == DType::bf16);
  CHECK(type(ops::conv_transpose2d(half, random({8, 2, 2, 8}, 3), {}, {2})) == DType::bf16);
  CHECK(type(ops::linear(full, random({5, 8}, 5), {})) == DType::bf16);
  CHECK(type(ops::matmul(full, random({2, 4, 8, 3}, 5))) == DType::bf16);
  // widen
  CHECK(type(ops::add(full, half)) == DType::f32);
  CHECK(type(ops::add(half, half)) == DType::bf16);
  CHECK(type(ops::sub(half, full)) == DType::f32);
  CHECK(type(ops::mul(half, random({8}, 6))) == DType::f32);
  CHECK(type(ops::gated_blend(half, full, half)) == DType::f32);
  CHECK(type(ops::concat({half, full}, -1)) == DType::f32);
  CHECK(type(ops::l1_loss(half, full)) == DType::f32);
  CHECK(type(ops::l1_loss(half, half)) == DType::f32);
  // follow
  CHECK(type(ops::prelu(half, random({8}, 7))) == DType::bf16);
  CHECK(type(ops::prelu(full, random({8}, 7))) == DType::f32);
  CHECK(type(ops::group_norm(half, 2, random({8}, 8), random({8}, 9))) == DType::bf16);
  CHECK(type(ops::layer_norm(half, random({8}, 8), random({8}, 9))) == DType::bf16);
  // full
  CHECK(type(ops::fft2(half)) == DType::f32);
  CHECK(type(ops::fourier_filter(half, 1, 0.5)) == DType::f32);
  // what has one operand stays in its precision
  CHECK(type(ops::silu(half)) == DType::bf16);
  CHECK(type(ops::softmax(full)) == DType::f32);
}

TEST_CASE("gradients of f32 parameters arrive in f32, near those of f32") {
  if (!cuda_is_emulated()) {
    MESSAGE("skipped: this build computes in bf16 on a GPU only");
    return;
  }
  const auto run = [](bool mixed) {
    const UseKernels use(Backend::cuda);
    const MixedPrecision guard(mixed);
    const Tensor x = random({2, 5, 6, 8}, 1);
    const Tensor w = random({8, 3, 3, 8}, 2).set_requires_grad();
    const Tensor b = random({8}, 3).set_requires_grad();
    const Tensor y = ops::add(x, ops::silu(ops::conv2d(x, w, b, {1, 1})));
    backward(ops::mse_loss(y, random({2, 5, 6, 8}, 4)));
    return std::vector<Tensor>{y.detach(), w.grad(), b.grad()};
  };
  const auto want = run(false);
  const auto got = run(true);
  for (std::size_t i = 0; i < want.size(); ++i) {
    CAPTURE(i);
    CHECK(got[i].dtype() == DType::f32);
    const double error = test::relative_error(got[i], want[i]);
    CHECK(error <= kTolerance);
    CHECK(error > 1e-6);  // it did round
  }
}
