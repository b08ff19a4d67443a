// The optimizer's kernels of every backend: one pass against its parts, tails, unaligned buffers, both orders of threads.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "framework/tensor/tensor.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"
#ifdef CF_EMULATED
#include "kernels/cuda/emulator/emulator.h"
#endif

using namespace cf;

namespace {

// Values in [-1, 1) without an order.
Tensor noise(std::int64_t n, std::uint64_t salt) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>((i * 7919 + salt * 131) % 2003) / 1001.5F - 1;
  return Tensor::from(Shape{n}, values);
}

Tensor numbers(const std::vector<double>& values) {
  return Tensor::from(Shape{static_cast<std::int64_t>(values.size())}, values);
}

// Calls fn(kernels, n) for every backend that works on host memory, with lengths that end within vectors and within pieces.
void on_backends(const std::function<void(const OptimKernels&, std::int64_t)>& fn) {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    CAPTURE(static_cast<int>(backend));
    fn(kernel_table(backend).optim, 40003);
  }
#ifdef CF_EMULATED
  for (const auto order : {emulator::Order::forward, emulator::Order::backward}) {
    CAPTURE(static_cast<int>(order));
    emulator::set_order(order);
    for (const std::int64_t n : {3, 1030}) fn(kernel_table(Backend::cuda).optim, n);
  }
  emulator::set_order(emulator::Order::forward);
#endif
}

const Tensor kValues = numbers({0.02, 0.19, 0.005, 0.75});  // as StepValue orders them

struct Algorithm {
  const char* name;
  std::function<void(const OptimKernels&, const StepFrame&, View p, ConstView g, View first, View second)> step;
};
const Algorithm kAlgorithms[] = {
    {"adam", [](const OptimKernels& k, const StepFrame& f, View p, ConstView g, View m,
                View v) { k.adam({.weight_decay = 0.1, .decoupled = false}, f, p, g, m, v); }},
    {"adamw", [](const OptimKernels& k, const StepFrame& f, View p, ConstView g, View m,
                 View v) { k.adam({.weight_decay = 0.1, .decoupled = true}, f, p, g, m, v); }},
    {"sgd", [](const OptimKernels& k, const StepFrame& f, View p, ConstView g, View m,
               View) { k.sgd({.momentum = 0.9, .weight_decay = 0.1}, f, p, g, m); }},
    {"rmsprop", [](const OptimKernels& k, const StepFrame& f, View p, ConstView g, View m,
                   View) { k.rmsprop({.alpha = 0.9, .weight_decay = 0.1}, f, p, g, m); }},
};

// The buffers of one step; the state is not negative, as mean squares are.
struct Buffers {
  Tensor p, g, first, second, shadow;

  // skip: elements in front, which spoil the alignment.
  Buffers(std::int64_t n, std::int64_t skip)
      : p(placed(noise(n, 1), skip)),
        g(placed(noise(n, 2), skip)),
        first(placed(squares(noise(n, 3)), skip)),
        second(placed(squares(noise(n, 4)), skip)),
        shadow(placed(noise(n, 5), skip)) {}
  static Tensor placed(const Tensor& values, std::int64_t skip) {
    const Tensor roomy = Tensor::zeros({values.numel() + skip});
    const Tensor window = Tensor::window(roomy.storage(), skip, values.shape(), DType::f32);
    window.copy_from(values);
    return window;
  }
  static Tensor squares(Tensor t) {
    for (float& v : t.span<float>()) v *= v;
    return t;
  }
};

void check_equal(const Buffers& got, const Buffers& want, double tolerance) {
  CHECK(test::relative_error(got.p, want.p) <= tolerance);
  CHECK(test::relative_error(got.g, want.g) <= tolerance);
  CHECK(test::relative_error(got.first, want.first) <= tolerance);
  CHECK(test::relative_error(got.second, want.second) <= tolerance);
  CHECK(test::relative_error(got.shadow, want.shadow) <= tolerance);
}

}  // namespace

TEST_CASE("the sum of squares of every backend") {
  on_backends([](const OptimKernels& kernels, std::int64_t n) {
    for (const std::int64_t skip : {0, 1}) {
      const Tensor x = Buffers::placed(noise(n, 7), skip);
      double want = 0;
      for (const float v : x.span<float>()) want += static_cast<double>(v) * static_cast<double>(v);
      const Tensor sum = numbers({-1});
      kernels.squared_norm(x.cview(), sum.view());
      CHECK(sum.item() == doctest::Approx(want).epsilon(1e-12));
    }
  });
}

TEST_CASE("a step in one pass does what clipping, the update and the average do, and what the reference does") {
  const OptimKernels& reference = kernel_table(Backend::reference).optim;
  on_backends([&](const OptimKernels& kernels, std::int64_t n) {
    for (const Algorithm& a : kAlgorithms) {
      CAPTURE(a.name);
      for (const double max_norm : {0.0, 0.5, 1e6}) {
        CAPTURE(max_norm);
        for (const std::int64_t skip : {0, 1}) {
          const Buffers one(n, skip);
          const Buffers apart(n, skip);
          const Buffers exact(n, 0);
          const Tensor norm = numbers({0});
          kernels.squared_norm(one.g.cview(), norm.view());
          const auto frame = [&](const Buffers& b) {
            return StepFrame{kValues.cview(), norm.cview(), max_norm, b.shadow.view()};
          };
          a.step(kernels, frame(one), one.p.view(), one.g.cview(), one.first.view(), one.second.view());
          a.step(reference, frame(exact), exact.p.view(), exact.g.cview(), exact.first.view(), exact.second.view());
          check_equal(one, exact, 1e-6);
          if (max_norm > 0) kernels.clip(max_norm, norm.cview(), apart.g.view());
          one.g.copy_from(apart.g);
          a.step(kernels, {.values = kValues.cview()}, apart.p.view(), apart.g.cview(), apart.first.view(), apart.second.view());
          kernels.ema(kValues.cview(), apart.shadow.view(), apart.p.cview());
          check_equal(one, apart, 0);
        }
      }
    }
  });
}

TEST_CASE("clipping by a norm that is not finite, or not larger, changes nothing") {
  on_backends([](const OptimKernels& kernels, std::int64_t n) {
    const Tensor before = noise(n, 1);
    for (const double squared : {std::nan(""), HUGE_VAL, 0.81}) {
      const Tensor x = before.clone();
      kernels.clip(0.9, numbers({squared}).cview(), x.view());
      CHECK(test::relative_error(x, before) == 0);
    }
    const Tensor x = before.clone();
    kernels.clip(0.5, numbers({4}).cview(), x.view());
    CHECK(test::norm(x) == doctest::Approx(test::norm(before) / 4).epsilon(1e-7));
  });
}
