#include <doctest/doctest.h>

#include "framework/autograd/engine.h"
#include "framework/autograd/recompute.h"
#include "framework/autograd/record.h"
#include "framework/core/allocator.h"
#include "framework/ops/activation.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/reduce.h"

using namespace cf;

namespace {

constexpr std::int64_t kElements = 1 << 16;
constexpr int kBlocks = 6;

struct Run {
  std::size_t peak_bytes;  // above what was live before
  std::vector<float> dx, dw;
};

// A chain of blocks, each of which saves four tensors of the size of x.
Run train(bool checkpointed) {
  const Tensor x = Tensor::full({kElements}, 0.5);
  const Tensor w = Tensor::full({1}, 0.9);
  x.set_requires_grad();
  w.set_requires_grad();
  const auto block = [w](const std::vector<Tensor>& in) {
    return std::vector{ops::mul(ops::silu(ops::square(ops::sigmoid(in[0]))), w)};
  };
  const std::size_t before = cpu_allocator().stats().live_bytes;
  cpu_allocator().reset_peak();
  Tensor h = x;
  for (int i = 0; i < kBlocks; ++i) h = checkpointed ? recompute(block, {h}, {w})[0] : block({h})[0];
  backward(ops::mean(h));
  return {cpu_allocator().stats().peak_bytes - before, x.grad().to_vector<float>(), w.grad().to_vector<float>()};
}

}  // namespace

TEST_CASE("recomputation gives the same gradients in less memory") {
  const Run kept = train(false);
  const Run again = train(true);
  CHECK(again.dx == kept.dx);
  CHECK(again.dw == kept.dw);
  CHECK(kept.dx[0] != 0);
  MESSAGE("peak bytes: " << kept.peak_bytes << " kept, " << again.peak_bytes << " recomputed");
  CHECK(again.peak_bytes < kept.peak_bytes * 2 / 3);
}

TEST_CASE("the hook of a captured parameter fires once, when its gradient is final") {
  const Tensor x = Tensor::full({2}, 3, DType::f64);
  const Tensor w = Tensor::full({2}, 2, DType::f64);
  w.set_requires_grad();
  std::vector<double> seen;
  w.impl()->leaf->on_final = [&] { seen.push_back(w.grad().to_vector<double>()[0]); };
  const auto times_w = [w](const std::vector<Tensor>& in) { return std::vector{ops::mul(in[0], w)}; };
  const Tensor y = recompute(times_w, {recompute(times_w, {x}, {w})[0]}, {w})[0];  // w^2 x
  backward(ops::sum(ops::add(y, w)));
  CHECK(seen == std::vector<double>{2 * 2 * 3 + 1});
  CHECK(w.requires_grad());
}

TEST_CASE("recomputation without gradients records nothing, and an input may be returned") {
  const Tensor x = Tensor::full({2}, 3, DType::f64);
  int calls = 0;
  const auto identity = [&calls](const std::vector<Tensor>& in) {
    ++calls;
    return in;
  };
  CHECK_FALSE(recompute(identity, {x}, {})[0].requires_grad());
  CHECK(calls == 1);
  x.set_requires_grad();
  backward(ops::sum(recompute(identity, {x}, {})[0]));
  CHECK(calls == 3);
  CHECK(x.grad().to_vector<double>() == std::vector<double>{1, 1});
  CHECK_THROWS_WITH_AS(recompute([](const std::vector<Tensor>&) { return std::vector<Tensor>(); }, {x}, {}),
                       doctest::Contains("returned nothing"), Error);
}

TEST_CASE("a parameter that is named twice gets its gradient once") {
  const Tensor w = Tensor::full({2}, 2, DType::f64);
  w.set_requires_grad();
  for (const double expected : {4, 8}) {  // a second pass finds the parameter as it was and adds to its gradient
    const auto fn = [w](const std::vector<Tensor>&) { return std::vector{ops::square(w)}; };
    backward(ops::sum(recompute(fn, {}, {w, w})[0]));
    CHECK(w.grad().to_vector<double>() == std::vector<double>{expected, expected});
  }
}

TEST_CASE("a function that throws while it is run again leaves its parameters as they were") {
  const Tensor w = Tensor::full({2}, 2, DType::f64);
  w.set_requires_grad();
  int calls = 0;
  const auto fails_later = [w, &calls](const std::vector<Tensor>&) {
    check(++calls == 1, "second call");
    return std::vector{ops::square(w)};
  };
  const Tensor y = recompute(fails_later, {}, {w})[0];
  CHECK_THROWS_WITH_AS(backward(ops::sum(y)), "second call", Error);
  CHECK(w.requires_grad());
  backward(ops::sum(ops::square(w)));
  CHECK(w.grad().to_vector<double>() == std::vector<double>{4, 4});
}
