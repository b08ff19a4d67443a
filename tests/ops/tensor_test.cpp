#include "framework/tensor/tensor.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "framework/ops/elementwise.h"

using namespace cf;

TEST_CASE("a copy of a handle shares memory, a clone does not") {
  const Tensor a = Tensor::full({2, 3}, 1, DType::f64);
  const Tensor b = a;
  const Tensor c = a.clone();
  a.span<double>()[0] = 7;
  CHECK(b.span<double>()[0] == 7);
  CHECK(c.span<double>()[0] == 1);
}

TEST_CASE("an alias has other extents on the same memory") {
  const Tensor a = Tensor::from<float>({2, 3}, {0, 1, 2, 3, 4, 5});
  const Tensor b = a.alias({3, 2});
  CHECK(b.shape() == Shape{3, 2});
  CHECK(b.view().data == a.view().data);
  CHECK_FALSE(a.exclusive());
  CHECK_THROWS_AS(a.alias({4}), Error);
}

TEST_CASE("a window stays inside its storage") {
  const Tensor a = Tensor::from<float>({6}, {0, 1, 2, 3, 4, 5});
  const Tensor w = Tensor::window(a.storage(), 2, {2, 2}, DType::f32);
  CHECK(w.to_vector<float>() == std::vector<float>{2, 3, 4, 5});
  CHECK(w.storage_offset() == 2);
  CHECK_THROWS_AS(Tensor::window(a.storage(), 3, {2, 2}, DType::f32), Error);
}

TEST_CASE("conversion to integers rounds and saturates") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor x = Tensor::from<double>({8}, {-1, 0.4, 0.6, 254.6, 300, inf, -inf, std::nan("")});
  CHECK(x.to(DType::u8).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 0, 1, 255, 255, 255, 0, 0});
  CHECK(x.to(DType::i64).span<std::int64_t>()[5] == std::numeric_limits<std::int64_t>::max());
  CHECK(Tensor::full({1}, 70000).to(DType::u16).item() == 65535);
}

TEST_CASE("f32 and bf16 convert into each other") {
  const Tensor x = Tensor::from<float>({2}, {1.0F, 1.0F + 0x1p-10F});
  const Tensor y = x.to(DType::bf16);
  CHECK(y.dtype() == DType::bf16);
  CHECK(y.to(DType::f32).to_vector<float>() == std::vector<float>{1, 1});
}

TEST_CASE("rebind moves every handle to other memory") {
  const Tensor a = Tensor::full({3}, 1);
  const Tensor handle = a;
  const Tensor target = Tensor::full({3}, 2);
  a.rebind(target);
  CHECK(handle.span<float>()[0] == 2);
  CHECK_THROWS_AS(a.rebind(Tensor::full({4}, 2)), Error);
}

TEST_CASE("misuse is told") {
  const Tensor none;
  CHECK_FALSE(none.defined());
  CHECK_THROWS_WITH_AS(none.shape(), doctest::Contains("before it was given a value"), Error);
  CHECK_THROWS_AS(Tensor::full({2}, 1).item(), Error);
  CHECK_THROWS_WITH_AS(Tensor::full({2}, 1).span<double>(), doctest::Contains("holds f32, read as f64"), Error);
  CHECK_THROWS_AS(Tensor::from<float>({3}, {1, 2}), Error);
  CHECK_THROWS_AS(Tensor::full({2}, 1).copy_from(Tensor::full({3}, 1)), Error);
}

TEST_CASE("gradients belong to leaves") {
  const Tensor x = Tensor::full({2}, 1, DType::f64);
  CHECK_FALSE(x.requires_grad());
  x.set_requires_grad();
  CHECK(x.requires_grad());
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(x.detach().requires_grad());
  const Tensor y = ops::square(x);
  CHECK(y.requires_grad());
  CHECK_THROWS_WITH_AS(y.set_requires_grad(), doctest::Contains("not a leaf"), Error);
  x.set_requires_grad(false);
  CHECK_FALSE(x.requires_grad());
}
