// Attention and the products of spectral attention against the composites that they replace, on every backend.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "framework/autograd/engine.h"
#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "framework/ops/ops.h"
#include "kernels/variants.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

using Tensors = std::vector<Tensor>;
using Fn = std::function<Tensor(const Tensors&)>;

struct Setting {
  Backend backend;
  DType dtype;
  double tolerance;
  const char* variant = "";
};

// While alive, operators compute as the setting says.
struct Using {
  explicit Using(const Setting& s) : kernels(s.backend), variants(s.variant) {}
  UseKernels kernels;
  UseVariants variants;
};

// In f32 probabilities carry the rounding of scores of a few units, and sums that of some hundred terms.
std::vector<Setting> settings() {
  std::vector<Setting> all = {{Backend::reference, DType::f64, 1e-12},
                              {Backend::reference, DType::f32, 1e-6},
                              {Backend::cpu, DType::f32, 2e-6},
                              {Backend::cpu, DType::f32, 2e-6, "attention:vectors"}};
  if (cuda_is_emulated()) all.push_back({Backend::cuda, DType::f32, 2e-6});
  return all;
}

Tensor noise(const Shape& shape, std::uint64_t salt, double size = 1) {
  const Philox rng = make_rng(6, RngStream::test, salt);
  Tensor t = Tensor::empty(shape);
  std::uint64_t i = 0;
  for (float& v : t.span<float>()) v = static_cast<float>(size * rng.normal(i++));
  return t;
}

// (N, T, C) -> (N, heads, T, d) and back.
Tensor split_heads(const Tensor& x, std::int64_t d) {
  return ops::permute(ops::reshape(x, {x.dim(0), x.dim(1), x.dim(2) / d, d}), {0, 2, 1, 3});
}
Tensor join_heads(const Tensor& x) { return ops::reshape(ops::permute(x, {0, 2, 1, 3}), {x.dim(0), x.dim(2), -1}); }

Fn attention(std::int64_t d, double scale) {
  return [=](const Tensors& in) { return ops::attention(in[0], in[1], in[2], d, scale); };
}
Fn composite_attention(std::int64_t d, double scale) {
  return [=](const Tensors& in) {
    const Tensor scores = ops::affine(ops::matmul(split_heads(in[0], d), split_heads(in[1], d), false, true), scale, 0);
    return join_heads(ops::matmul(ops::softmax(scores), split_heads(in[2], d)));
  };
}

// The result, then the gradients of the inputs.
Tensors evaluate(const Fn& fn, const Tensors& values, DType dtype) {
  Tensors inputs;
  for (const Tensor& v : values) inputs.push_back(v.to(dtype).clone().set_requires_grad());
  Tensors all = {fn(inputs)};
  backward(all[0], noise(all[0].shape(), 99).to(dtype));
  for (const Tensor& in : inputs) all.push_back(in.grad());
  return all;
}

void check_twins(const Fn& fn, const Fn& composite, const Tensors& values) {
  const Tensors want = [&] {
    const UseKernels use(Backend::reference);
    return evaluate(composite, values, DType::f64);
  }();
  for (const Setting& s : settings()) {
    CAPTURE(kernel_table(s.backend).name);
    CAPTURE(s.variant);
    CAPTURE(name_of(s.dtype));
    const Using use(s);
    const Tensors got = evaluate(fn, values, s.dtype);
    for (std::size_t i = 0; i < want.size(); ++i) {
      CAPTURE(i);
      CHECK(test::relative_error(got[i], want[i]) <= s.tolerance);
    }
  }
}

Tensors three(const Shape& shape, double size = 1) { return {noise(shape, 1, size), noise(shape, 2, size), noise(shape, 3)}; }

}  // namespace

TEST_CASE("attention equals permute, matmul and softmax") {
  for (const std::int64_t tokens : {1, 7, 63, 65, 257}) {
    for (const std::int64_t d : {8, 16}) {
      for (const std::int64_t heads : {1, 3}) {
        const Shape shape = {2, tokens, heads * d};
        CAPTURE(shape.str());
        CAPTURE(d);
        check_twins(attention(d, 0.25), composite_attention(d, 0.25), three(shape));
      }
    }
  }
  check_twins(attention(16, 0.25), composite_attention(16, 0.25), three({1, 33, 8 * 16}));
}

TEST_CASE("an image's pixels are its tokens") {
  const Tensors values = three({2, 3, 5, 32});
  const Tensor y = ops::attention(values[0], values[1], values[2], 16, 0.25);
  CHECK(y.shape() == Shape{2, 3, 5, 32});
  const auto flat = [](const Tensor& x) { return x.alias({2, 15, 32}); };
  const Tensor same = ops::attention(flat(values[0]), flat(values[1]), flat(values[2]), 16, 0.25);
  CHECK(test::relative_error(flat(y), same) == 0);
}

TEST_CASE("other head dimensions work on the cpu") {
  for (const std::int64_t d : {1, 3, 5, 24, 40}) {
    CAPTURE(d);
    const UseKernels use(Backend::cpu);
    const Tensors values = three({2, 50, 2 * d});
    const Tensors got = evaluate(attention(d, 0.3), values, DType::f32);
    const Tensors want = evaluate(composite_attention(d, 0.3), values, DType::f64);
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(test::relative_error(got[i], want[i]) <= 2e-6);
  }
}

TEST_CASE("many tokens, cut into several pieces") {
  const Tensors values = three({1, 2500, 16});
  const UseKernels use(Backend::cpu);
  const Tensors got = evaluate(attention(16, 0.25), values, DType::f32);
  const Tensors want = evaluate(composite_attention(16, 0.25), values, DType::f32);
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(test::relative_error(got[i], want[i]) <= 5e-6);
}

TEST_CASE("many queries and keys, several to a thread of a GPU") {
  if (!cuda_is_emulated()) {
    MESSAGE("skipped: this build computes on a GPU only");
    return;
  }
  const Tensors values = three({40, 131, 16 * 13});
  const auto run = [&](Backend backend) {
    const UseKernels use(backend);
    return evaluate(attention(16, 0.25), values, DType::f32);
  };
  const Tensors got = run(Backend::cuda);
  const Tensors want = run(Backend::cpu);
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(test::relative_error(got[i], want[i]) <= 2e-6);
}

TEST_CASE("scores of ten thousand do not overflow") {
  // A score of 1e4 is rounded by up to 1e-3, and so are probabilities.
  const Tensors values = three({1, 70, 16}, 50);
  const Tensors want = [&] {
    const UseKernels use(Backend::reference);
    return evaluate(composite_attention(16, 1), values, DType::f64);
  }();
  for (const Setting& s : settings()) {
    CAPTURE(kernel_table(s.backend).name);
    CAPTURE(s.variant);
    const Using use(s);
    const Tensors got = evaluate(attention(16, 1), values, s.dtype);
    CHECK(test::relative_error(got[0], want[0]) <= 2e-3);
    for (std::size_t i = 1; i < got.size(); ++i) CHECK(std::isfinite(test::norm(got[i])));
  }
}

TEST_CASE("a NaN reaches the results of its image and head") {
  for (const Setting& s : settings()) {
    CAPTURE(kernel_table(s.backend).name);
    CAPTURE(s.variant);
    const Using use(s);
    for (const std::size_t operand : {0, 1, 2}) {
      Tensors values = three({2, 40, 32});
      values[operand].span<float>()[32 * 7 + 3] = std::nanf("");
      for (Tensor& v : values) v = v.to(s.dtype);
      const Tensor y = ops::attention(values[0], values[1], values[2], 16, 0.25).to(DType::f32);
      CHECK(std::isnan(y.span<float>()[32 * 7 + 3]));
      CHECK(std::isfinite(y.span<float>()[32 * 7 + 16]));
      CHECK(std::isfinite(y.span<float>()[32 * 47 + 3]));
    }
  }
}

// With keys 0 and e_0 and values 0 and 1, the result is the logistic function of the query's first channel: its relative error is
// that of the exponential, of one sum and one quotient.
TEST_CASE("the exponential is exact to a few units in the last place") {
  constexpr std::int64_t kImages = 3001;
  Tensor q = Tensor::zeros({kImages, 2, 16});
  Tensor k = Tensor::zeros({kImages, 2, 16});
  Tensor v = Tensor::zeros({kImages, 2, 16});
  const auto score = [](std::int64_t n) { return -static_cast<float>(n) / 2000; };
  for (std::int64_t n = 0; n < kImages; ++n) {
    const auto second = static_cast<std::size_t>((2 * n + 1) * 16);
    q.span<float>()[static_cast<std::size_t>(2 * n * 16)] = score(n);
    k.span<float>()[second] = 1;
    v.span<float>()[second] = 1;
  }
  for (const Setting& s : settings()) {
    if (s.dtype != DType::f32) continue;
    CAPTURE(kernel_table(s.backend).name);
    CAPTURE(s.variant);
    const Using use(s);
    const auto y = ops::attention(q, k, v, 16, 1).to_vector<float>();
    double worst = 0;
    for (std::int64_t n = 0; n < kImages; ++n) {
      const double want = 1 / (1 + std::exp(-static_cast<double>(score(n))));
      worst = std::max(worst, std::abs(static_cast<double>(y[static_cast<std::size_t>(2 * n * 16)]) / want - 1));
    }
    CHECK(worst <= 4e-7);
  }
}

TEST_CASE("attention does not depend on the number of threads") {
  const Tensors values = three({1, 1100, 32});
  const int before = max_threads();
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 3}) {
    set_threads(threads);
    std::vector<std::vector<float>> all;
    for (const Tensor& t : evaluate(attention(16, 0.25), values, DType::f32)) all.push_back(t.to_vector<float>());
    const Tensor m = ops::cross_covariance(values[0], values[1], 16);
    all.push_back(m.to_vector<float>());
    if (threads == 1) first = all;
    CHECK(all == first);
  }
  set_threads(before);
}

TEST_CASE("cross-covariances and products with them equal permute and matmul") {
  for (const std::int64_t d : {8, 16}) {
    for (const std::int64_t tokens : {1, 5, 64, 1100}) {
      const Shape shape = {2, tokens, 3 * d};
      CAPTURE(shape.str());
      const Tensor a = noise(shape, 1);
      const Tensor b = noise(shape, 2);
      const Tensor m = noise({2, 3, d, d}, 3);
      check_twins([d](const Tensors& in) { return ops::cross_covariance(in[0], in[1], d); },
                  [d](const Tensors& in) { return ops::matmul(split_heads(in[0], d), split_heads(in[1], d), true, false); },
                  {a, b});
      for (const bool transpose : {false, true}) {
        check_twins([=](const Tensors& in) { return ops::head_matmul(in[0], in[1], transpose); },
                    [=](const Tensors& in) { return join_heads(ops::matmul(split_heads(in[0], d), in[1], false, transpose)); },
                    {a, m});
      }
    }
  }
}

TEST_CASE("in mixed precision operators on heads compute in bf16") {
  if (!cuda_is_emulated()) {
    MESSAGE("skipped: this build computes in bf16 on a GPU only");
    return;
  }
  const UseKernels use(Backend::cuda);
  const ops::MixedPrecision mixed;
  const Tensor x = noise({2, 5, 32}, 1).set_requires_grad();
  const Tensor half = noise({2, 5, 32}, 2).to(DType::bf16);
  const Tensor y = ops::attention(x, half, half, 16, 0.25);
  CHECK(y.dtype() == DType::bf16);
  const Tensor m = ops::cross_covariance(half, x, 16);
  CHECK(m.dtype() == DType::bf16);
  CHECK(ops::head_matmul(x, m).dtype() == DType::bf16);
  backward(y, half);
  CHECK(x.grad().dtype() == DType::f32);
  CHECK(ops::fmim(ops::reshape(half, {2, 5, 2, 16}), 0.5).dtype() == DType::bf16);
}

TEST_CASE("operators on heads say what is wrong with their operands") {
  const Tensor x = Tensor::zeros({2, 5, 32});
  CHECK_THROWS_WITH_AS(ops::attention(x, x, x, 12, 1), doctest::Contains("heads of 12"), Error);
  CHECK_THROWS_WITH_AS(ops::attention(x, x, x, 0, 1), doctest::Contains("heads of 0"), Error);
  CHECK_THROWS_WITH_AS(ops::attention(x, x, Tensor::zeros({2, 6, 32}), 16, 1), doctest::Contains("(2, 6, 32)"), Error);
  CHECK_THROWS_WITH_AS(ops::attention(x, x.to(DType::f64), x, 16, 1), doctest::Contains("f64"), Error);
  CHECK_THROWS_WITH_AS(ops::attention(Tensor::zeros({5, 32}), x, x, 16, 1), doctest::Contains("tokens"), Error);
  CHECK_THROWS_WITH_AS(ops::cross_covariance(x, Tensor::zeros({2, 5, 16}), 16), doctest::Contains("(2, 5, 16)"), Error);
  CHECK_THROWS_WITH_AS(ops::head_matmul(x, Tensor::zeros({2, 1, 16, 16})), doctest::Contains("(2, 2, 16, 16)"), Error);
  CHECK_THROWS_WITH_AS(ops::head_matmul(x, Tensor::zeros({16, 16})), doctest::Contains("(N, heads, d, d)"), Error);
}
