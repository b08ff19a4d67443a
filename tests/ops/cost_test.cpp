// What operators are said to cost, against counts by hand.
#include "framework/ops/cost.h"

#include <doctest/doctest.h>

#include <functional>

#include "framework/autograd/record.h"
#include "framework/ops/attention.h"
#include "framework/ops/ops.h"

using namespace cf;

namespace {

ops::OpCost cost_of_last(const std::function<void()>& work) {
  ops::OpCost cost;
  const ObserveOps observe([&](const auto&... seen) { cost = ops::cost_of(seen...); });
  work();
  return cost;
}

Tensor zeros(const Shape& shape, bool gradient = false) { return Tensor::zeros(shape).set_requires_grad(gradient); }

}  // namespace

TEST_CASE("products count two operations for each factor") {
  // 4 x 4 pixels, 3 x 3 windows of 2 channels, 5 channels out.
  const double forward = 2.0 * 16 * 9 * 2 * 5;
  const auto conv = [](bool x, bool weight) {
    return cost_of_last([&] { ops::conv2d(zeros({1, 4, 4, 2}, x), zeros({5, 3, 3, 2}, weight), {}, {.padding = 1}); });
  };
  CHECK(conv(false, false).forward.flop == forward);
  CHECK(conv(false, false).forward.bytes == 4 * (16 * 2 + 5 * 9 * 2 + 16 * 5));
  CHECK(conv(false, false).backward.flop == 0);
  CHECK(conv(false, true).backward.flop == forward);
  CHECK(conv(true, true).backward.flop == 2 * forward);
}

TEST_CASE("attention multiplies twice per pair of tokens, and five times backward") {
  const Tensor x = zeros({2, 10, 32}, true);
  const ops::OpCost cost = cost_of_last([&] { ops::attention(x, x, x, 16, 1); });
  CHECK(cost.forward.flop == 2.0 * 2 * (2 * 10 * 10 * 32));
  CHECK(cost.backward.flop == 2.5 * cost.forward.flop);
}

TEST_CASE("what only moves costs bytes, and a reshape nothing") {
  const Tensor x = zeros({1, 4, 4, 6}, true);
  const ops::OpCost split = cost_of_last([&] { ops::split(x, 3, {2, 4}); });
  CHECK(split.forward.flop == 0);
  CHECK(split.forward.bytes == 2 * 96 * 4);
  CHECK(split.backward.bytes == 2 * 96 * 4);
  CHECK(cost_of_last([&] { ops::reshape(x, {96}); }).forward.bytes == 0);
  CHECK(cost_of_last([&] { ops::silu(x); }).forward.flop == 96);
}
