#include <doctest/doctest.h>

#include <numeric>

#include "framework/ops/layout.h"
#include "kernels/table.h"

using namespace cf;

namespace {

// 0, 1, 2, ...
template <class T = float>
Tensor counting(const Shape& shape) {
  std::vector<T> values(static_cast<std::size_t>(shape.numel()));
  std::iota(values.begin(), values.end(), T(0));
  return Tensor::from(shape, values);
}

using Floats = std::vector<float>;

// The values that `fn` gives, the same from both backends.
template <class F>
Floats both(F&& fn) {
  const Floats fast = fn().template to_vector<float>();
  const UseKernels use(Backend::reference);
  CHECK(fn().template to_vector<float>() == fast);
  return fast;
}

}  // namespace

TEST_CASE("reshape shares memory and fills in one extent") {
  const Tensor x = counting({2, 6});
  const Tensor y = ops::reshape(x, {3, -1});
  CHECK(y.shape() == Shape{3, 4});
  CHECK(y.storage() == x.storage());
  CHECK_THROWS_WITH_AS(ops::reshape(x, {5, -1}), doctest::Contains("reshape"), Error);
  CHECK_THROWS_WITH_AS(ops::reshape(x, {-1, -1}), doctest::Contains("-1"), Error);
  CHECK_THROWS_WITH_AS(ops::reshape(x, {13}), doctest::Contains("elements"), Error);
}

TEST_CASE("permute, concat, slice and split by hand") {
  const Tensor x = counting({2, 3});
  CHECK(both([&] { return ops::permute(x, {1, 0}); }) == Floats{0, 3, 1, 4, 2, 5});
  CHECK(both([&] { return ops::concat({x, ops::slice(x, 1, 0, 1)}); }) == Floats{0, 1, 2, 0, 3, 4, 5, 3});
  CHECK(both([&] { return ops::concat({x, x}, 0); }) == Floats{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5});
  CHECK(both([&] { return ops::slice(x, -1, 1, 3); }) == Floats{1, 2, 4, 5});
  CHECK(both([&] { return ops::split(x, 1, {1, 2})[1]; }) == Floats{1, 2, 4, 5});
}

TEST_CASE("permutations cut into tiles and pieces, of every element size") {
  const auto check_orders = [](const Tensor& x, auto zero) {
    using T = decltype(zero);
    for (const std::vector<int>& order : std::vector<std::vector<int>>{{0, 3, 1, 2}, {0, 2, 3, 1}, {3, 2, 1, 0}, {2, 0, 1, 3}}) {
      const auto fast = ops::permute(x, order).to_vector<T>();
      const UseKernels use(Backend::reference);
      CHECK(fast == ops::permute(x, order).to_vector<T>());
    }
  };
  const Shape shape = {3, 37, 29, 19};
  check_orders(counting<float>(shape), float{});
  check_orders(counting<double>(shape), double{});
  check_orders(counting<std::uint8_t>(shape), std::uint8_t{});
  check_orders(counting<std::uint16_t>(shape), std::uint16_t{});
}

TEST_CASE("padding by hand") {
  const Tensor row = counting({1, 1, 4, 1});
  const auto padded = [&](ops::PadMode mode) { return both([&] { return ops::pad(row, {.left = 2, .right = 3}, mode); }); };
  CHECK(padded(ops::PadMode::zero) == Floats{0, 0, 0, 1, 2, 3, 0, 0, 0});
  CHECK(padded(ops::PadMode::reflect) == Floats{2, 1, 0, 1, 2, 3, 2, 1, 0});
  CHECK(padded(ops::PadMode::replicate) == Floats{0, 0, 0, 1, 2, 3, 3, 3, 3});
  const Tensor image = counting({1, 2, 2, 1});
  CHECK(both([&] { return ops::pad(image, {.top = 1}, ops::PadMode::reflect); }) == Floats{2, 3, 0, 1, 2, 3});
  CHECK_THROWS_WITH_AS(ops::pad(image, {.bottom = 2}, ops::PadMode::reflect), doctest::Contains("reflect"), Error);
  CHECK_THROWS_WITH_AS(ops::pad(image, {.top = -1}), doctest::Contains("negative"), Error);
  CHECK_THROWS_WITH_AS(ops::pad(counting({2, 2}), {}), doctest::Contains("(N, H, W, C)"), Error);
}

TEST_CASE("pixel shuffle has PyTorch's channel order") {
  const Tensor x = counting({1, 1, 1, 8});  // two channels of 2 x 2 offsets
  CHECK(both([&] { return ops::pixel_shuffle(x, 2); }) == Floats{0, 4, 1, 5, 2, 6, 3, 7});
  const Tensor image = counting({2, 6, 4, 3});
  CHECK(both([&] { return ops::pixel_shuffle(ops::pixel_unshuffle(image, 2), 2); }) == image.to_vector<float>());
  CHECK_THROWS_WITH_AS(ops::pixel_shuffle(x, 3), doctest::Contains("channels"), Error);
  CHECK_THROWS_WITH_AS(ops::pixel_unshuffle(image, 5), doctest::Contains("divide"), Error);
}

TEST_CASE("fftshift centres frequency 0 and is undone for odd sizes") {
  const Tensor x = counting({1, 1, 5, 1});
  CHECK(both([&] { return ops::fftshift(x); }) == Floats{3, 4, 0, 1, 2});
  CHECK(both([&] { return ops::fftshift(ops::fftshift(x), true); }) == x.to_vector<float>());
  CHECK_THROWS_WITH_AS(ops::fftshift(counting({2, 2})), doctest::Contains("fftshift"), Error);
}

TEST_CASE("layout operators refuse what does not fit") {
  const Tensor x = counting({2, 3});
  CHECK_THROWS_WITH_AS(ops::permute(x, {0}), doctest::Contains("permute"), Error);
  CHECK_THROWS_WITH_AS(ops::permute(x, {0, 0}), doctest::Contains("twice"), Error);
  CHECK_THROWS_WITH_AS(ops::concat({}), doctest::Contains("concat"), Error);
  CHECK_THROWS_WITH_AS(ops::concat({x, counting({2, 3, 1})}), doctest::Contains("differ"), Error);
  CHECK_THROWS_WITH_AS(ops::concat({x, counting({3, 3})}), doctest::Contains("differ"), Error);
  CHECK_THROWS_WITH_AS(ops::concat({x, counting<double>({2, 3})}), doctest::Contains("f64"), Error);
  CHECK_THROWS_WITH_AS(ops::slice(x, 1, 2, 4), doctest::Contains("slice"), Error);
  CHECK_THROWS_WITH_AS(ops::slice(x, 1, 2, 2), doctest::Contains("slice"), Error);
  CHECK_THROWS_WITH_AS(ops::split(x, 1, {1, 1}), doctest::Contains("add up"), Error);
  CHECK_THROWS_WITH_AS(ops::split(x, 1, {3, 0}), doctest::Contains("positive"), Error);
}
