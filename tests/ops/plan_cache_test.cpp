// The policy by which plans of libraries are kept.
#include "kernels/cuda/plan_cache.h"

#include <doctest/doctest.h>

#include <array>
#include <memory>

using namespace cf;

namespace {

struct Key {
  std::uint8_t kind = 0;  // padding follows
  std::array<std::int64_t, 2> shape{};
  auto operator<=>(const Key&) const = default;
};

// A plan that counts how many of its kind are alive, and cannot be copied.
struct Plan {
  explicit Plan(int n) : number(n), alive(std::make_unique<int>(n)) {}
  int number;
  std::unique_ptr<int> alive;
};

struct Made {
  cuda::PlanCache<Key, Plan> cache{"test", 2};
  int made = 0;

  int get(std::int64_t n, cuda::Lifetime lifetime = cuda::Lifetime::until_dropped) {
    return cache
        .get(
            {1, {n, 7}}, [&] { return Plan(++made); }, lifetime)
        .number;
  }
};

}  // namespace

TEST_CASE("a plan is made once per key") {
  Made m;
  CHECK(m.get(1) == 1);
  CHECK(m.get(2) == 2);
  CHECK(m.get(1) == 1);
  CHECK(m.get(2) == 2);
  CHECK(m.cache.hits() == 2);
  CHECK(m.cache.misses() == 2);
  CHECK(m.cache.size() == 2);
}

TEST_CASE("keys differ by every member, and by nothing else") {
  cuda::PlanCache<Key, int> cache("test", 8);
  const auto get = [&](const Key& key, int value) { return cache.get(key, [&] { return value; }); };
  // The same key in memory that held something else: padding does not count.
  alignas(Key) std::array<unsigned char, sizeof(Key)> zeros{};
  alignas(Key) std::array<unsigned char, sizeof(Key)> ones;
  ones.fill(0xff);
  auto* a = new (zeros.data()) Key;
  auto* b = new (ones.data()) Key;
  for (Key* key : {a, b}) {
    key->kind = 3;
    key->shape = {4, 5};
  }
  CHECK(get(*a, 1) == 1);
  CHECK(get(*b, 2) == 1);
  CHECK(get({3, {4, 6}}, 3) == 3);
  CHECK(get({3, {5, 5}}, 4) == 4);
  CHECK(get({2, {4, 5}}, 5) == 5);
  CHECK(cache.misses() == 4);
}

TEST_CASE("beyond the limit the plan goes that was not asked for the longest") {
  Made m;
  m.get(1);
  m.get(2);
  m.get(1);
  CHECK(m.get(3) == 3);  // drops 2
  CHECK(m.cache.size() == 2);
  CHECK(m.get(1) == 1);
  CHECK(m.get(2) == 4);  // drops 3
  CHECK(m.get(3) == 5);
}

TEST_CASE("a plan that recorded work needs stays, beside as many others as the limit allows") {
  Made m;
  m.get(1);
  CHECK(m.get(1, cuda::Lifetime::forever) == 1);
  CHECK(m.get(2, cuda::Lifetime::forever) == 2);
  for (int n = 3; n < 10; ++n) m.get(n);
  CHECK(m.cache.size() == 4);
  CHECK(m.get(1) == 1);
  CHECK(m.get(2) == 2);
  CHECK(m.get(8) == 8);
  CHECK(m.get(9) == 9);
}

TEST_CASE("a plan that cannot be made leaves nothing behind") {
  Made m;
  CHECK_THROWS_AS(m.cache.get({1, {1, 7}}, []() -> Plan { fail("no plan"); }), Error);
  CHECK(m.cache.size() == 0);
  CHECK(m.get(1) == 1);
}
