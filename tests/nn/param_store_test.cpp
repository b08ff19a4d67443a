#include "framework/nn/param_store.h"

#include <doctest/doctest.h>

#include <cmath>

#include "framework/autograd/engine.h"
#include "framework/nn/layers.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/reduce.h"

using namespace cf;

namespace {

// Two layers whose sizes leave padding behind every parameter.
struct Pair {
  explicit Pair(const Scope& s) : a(s.child("a"), 3, 5), b(s.child("b"), 5, 2) {}
  Tensor operator()(const Tensor& x) const { return b(a(x)); }
  Linear a;
  Linear b;
};

std::vector<float> numbers(std::int64_t n) {
  std::vector<float> v(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = std::sin(static_cast<float>(i));
  return v;
}

}  // namespace

TEST_CASE("pack moves values and keeps what layers hold") {
  ParamStore store;
  const Pair layers(Scope(store, 7));
  const Tensor x = Tensor::from<float>({4, 3}, numbers(12));
  const auto before = layers(x).to_vector<float>();
  const auto weight = layers.a.weight.to_vector<float>();
  store.pack();
  CHECK(layers(x).to_vector<float>() == before);
  CHECK(store.at("a.weight").to_vector<float>() == weight);
  CHECK(layers.a.weight.storage() == store.flat().storage());
  CHECK(store.parameter_count() == 3 * 5 + 5 + 5 * 2 + 2);
}

TEST_CASE("names keep their order, every parameter is aligned, and the gaps are zeros") {
  ParamStore store;
  const Pair layers(Scope(store, 7));
  store.pack();
  std::vector<std::string> names;
  std::vector<bool> used(static_cast<std::size_t>(store.flat().numel()));
  for (const auto& [name, value] : store.params()) {
    names.push_back(name);
    CHECK(value.storage_offset() * 4 % 64 == 0);
    for (std::int64_t i = 0; i < value.numel(); ++i) used[static_cast<std::size_t>(value.storage_offset() + i)] = true;
  }
  CHECK(names == std::vector<std::string>{"a.weight", "a.bias", "b.weight", "b.bias"});
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) CHECK(store.flat().span<float>()[i] == 0);
  }
}

TEST_CASE("backward fills the flat gradient in place and leaves the gaps zero") {
  ParamStore store;
  const Pair layers(Scope(store, 7));
  store.pack();
  const Tensor x = Tensor::from<float>({4, 3}, numbers(12));
  for (int pass = 1; pass <= 2; ++pass) {
    backward(ops::sum(layers(x), {}, false));
    CHECK(layers.b.bias.grad().to_vector<float>() ==
          std::vector<float>{4.0F * static_cast<float>(pass), 4.0F * static_cast<float>(pass)});
  }
  double in_parameters = 0;
  for (const auto& [name, value] : store.params()) {
    CHECK(value.grad().storage() == store.flat_grad().storage());
    CHECK(value.grad().storage_offset() == value.storage_offset());
    for (const float g : value.grad().span<float>()) in_parameters += std::abs(static_cast<double>(g));
  }
  double in_flat = 0;
  for (const float g : store.flat_grad().span<float>()) in_flat += std::abs(static_cast<double>(g));
  CHECK(in_flat == doctest::Approx(in_parameters));
  CHECK(in_flat > 0);
  store.zero_grad();
  for (const float g : store.flat_grad().span<float>()) CHECK(g == 0);
  CHECK(layers.b.bias.grad().to_vector<float>() == std::vector<float>{0, 0});
}

TEST_CASE("buffers live in a block of their own and collect no gradient") {
  ParamStore store;
  const BatchNorm norm(Scope(store, 1).child("bn"), 3);
  store.pack();
  CHECK(store.params().size() == 2);
  CHECK(store.buffers().size() == 2);
  CHECK(store.state().size() == 4);
  CHECK(store.buffers()[0].first == "bn.running_mean");
  CHECK(store.at("bn.running_var").to_vector<float>() == std::vector<float>{1, 1, 1});
  CHECK(norm.state.mean.storage() == store.flat_buffers().storage());
  CHECK_FALSE(norm.state.mean.requires_grad());
  CHECK(store.parameter_count() == 6);
}

TEST_CASE("misuse of the store is an error that names the parameter") {
  ParamStore store;
  store.add_param("a", {2});
  CHECK_THROWS_WITH_AS(store.add_param("a", {2}), doctest::Contains("'a'"), Error);
  CHECK_THROWS_WITH_AS(store.flat(), doctest::Contains("pack()"), Error);
  CHECK_FALSE(store.find("b").defined());
  CHECK_THROWS_WITH_AS(store.at("b"), doctest::Contains("'b'"), Error);
  store.pack();
  CHECK_THROWS_AS(store.pack(), Error);
  CHECK_THROWS_WITH_AS(store.add_buffer("late", {1}), doctest::Contains("'late'"), Error);
  CHECK_THROWS_AS(ParamStore{DType::u8}, Error);
}
