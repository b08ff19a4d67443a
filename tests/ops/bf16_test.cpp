// Products of factors rounded to bf16 on the CPU, sums in f32.
#include <doctest/doctest.h>

#include <array>
#include <functional>

#include "framework/core/rng.h"
#include "kernels/math_mode.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

// While alive, products of the CPU's default kernels may round their factors.
class AllowBf16 {
 public:
  AllowBf16() : before_(math_mode()) {
    MathMode mode = before_;
    mode.bf16 = true;
    set_math_mode(mode);
  }
  ~AllowBf16() { set_math_mode(before_); }
  AllowBf16(const AllowBf16&) = delete;
  AllowBf16& operator=(const AllowBf16&) = delete;

 private:
  MathMode before_;
};

Tensor random(const Shape& shape, std::uint64_t salt) {
  const Philox rng = make_rng(3, RngStream::test, salt);
  Tensor t = Tensor::empty(shape);
  std::uint64_t i = 0;
  for (float& v : t.span<float>()) v = static_cast<float>(rng.normal(i++));
  return t;
}

// A product of two factors into a result of `shape`.
struct Product {
  const char* name;
  Shape a, b, result;
  std::function<void(const KernelTable&, ConstView, ConstView, View)> run;
};

std::vector<Product> products() {
  const ConvParams same{.padding = 1};
  const Shape image = {2, 9, 8, 16};
  const Shape out = {2, 9, 8, 32};
  const Shape weight = {32, 3, 3, 16};
  return {{"matmul",
           {2, 40, 33},
           {2, 33, 48},
           {2, 40, 48},
           [](const KernelTable& k, ConstView a, ConstView b, View y) { k.matmul.matmul({}, a, b, {}, y); }},
          {"conv2d_fwd", image, weight, out,
           [=](const KernelTable& k, ConstView a, ConstView b, View y) { k.conv.conv2d_fwd(same, a, b, {}, y); }},
          {"conv2d_dgrad", out, weight, image,
           [=](const KernelTable& k, ConstView a, ConstView b, View y) { k.conv.conv2d_dgrad(same, a, b, y); }},
          {"conv2d_wgrad", image, out, weight,
           [=](const KernelTable& k, ConstView a, ConstView b, View y) { k.conv.conv2d_wgrad(same, a, b, y, {}); }}};
}

Tensor compute(const Product& p, Backend backend, const Tensor& a, const Tensor& b) {
  const Tensor y = Tensor::full(p.result, 0, a.dtype());
  p.run(kernel_table(backend), a.cview(), b.cview(), y.view());
  return y;
}

}  // namespace

TEST_CASE("bf16: factors are rounded, sums are not") {
  if (!cpu_has_bf16_units()) {
    MESSAGE("this processor has no units for bf16: f32 products stay what they are");
  }
  for (const Product& p : products()) {
    CAPTURE(p.name);
    const Tensor a = random(p.a, 1);
    const Tensor b = random(p.b, 2);
    const auto rounded = [](const Tensor& t) { return t.to(DType::bf16).to(DType::f64); };
    const Tensor exact = compute(p, Backend::reference, a.to(DType::f64), b.to(DType::f64));
    const Tensor of_rounded = compute(p, Backend::reference, rounded(a), rounded(b));
    // What rounding the factors does: 2^-9 of each, on average.
    const double lost = test::relative_error(of_rounded, exact);
    REQUIRE(lost > 1e-3);
    REQUIRE(lost < 5e-3);

    CHECK(test::relative_error(compute(p, Backend::cpu, a, b).to(DType::f64), exact) < 1e-6);
    const AllowBf16 allowed;
    const Tensor got = compute(p, Backend::cpu, a, b).to(DType::f64);
    CHECK(test::relative_error(got, cpu_has_bf16_units() ? of_rounded : exact) < 1e-6);
  }
}

TEST_CASE("bf16: gradients of weights stay exact where oneDNN's are not to be trusted") {
  const AllowBf16 allowed;
  for (const auto& [in, out, width] : {std::array<std::int64_t, 3>{37, 16, 8}, {16, 17, 8}, {16, 32, 7}}) {
    const Tensor x = random({2, 7, width, in}, 1);
    const Tensor dy = random({2, 7, width, out}, 2);
    const auto gradient = [&](Backend backend, DType dtype) {
      const Tensor dw = Tensor::full({out, 3, 3, in}, 0, dtype);
      kernel_table(backend).conv.conv2d_wgrad({.padding = 1}, x.to(dtype).cview(), dy.to(dtype).cview(), dw.view(), {});
      return dw;
    };
    CHECK(test::relative_error(gradient(Backend::cpu, DType::f32), gradient(Backend::reference, DType::f64)) < 1e-6);
  }
}

TEST_CASE("bf16: convolutions of few channels stay exact") {
  const AllowBf16 allowed;
  const ConvParams same{.padding = 1};
  const Tensor x = random({1, 6, 5, 1}, 1);
  const Tensor w = random({16, 3, 3, 1}, 2);
  const auto conv = [&](Backend backend, DType dtype) {
    const Tensor y = Tensor::full({1, 6, 5, 16}, 0, dtype);
    const Tensor image = x.to(dtype);
    const Tensor weight = w.to(dtype);
    kernel_table(backend).conv.conv2d_fwd(same, image.cview(), weight.cview(), {}, y.view());
    return y.to(DType::f64);
  };
  CHECK(test::relative_error(conv(Backend::cpu, DType::f32), conv(Backend::reference, DType::f64)) < 1e-6);
}
