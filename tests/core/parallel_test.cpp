#include "framework/core/parallel.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

using namespace cf;

TEST_CASE("every index is visited once, whatever the number of threads") {
  const int before = max_threads();
  for (const int threads : {1, 2, 7}) {
    set_threads(threads);
    for (const std::int64_t n : {0, 1, 5, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
      parallel_for(n, 3, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
      for (const auto& v : visits) CHECK(v == 1);
    }
  }
  set_threads(before);
}

TEST_CASE("a loop inside a loop runs in place") {
  std::atomic<int> sum{0};
  parallel_for(4, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      parallel_for(10, 1, [&](std::int64_t b, std::int64_t e) { sum += static_cast<int>(e - b); });
    }
  });
  CHECK(sum == 40);
}

TEST_CASE("an exception reaches the caller, and the next loop works") {
  const int before = max_threads();
  set_threads(4);
  const auto throwing = [](std::int64_t begin, std::int64_t) {
    if (begin > 0) throw std::runtime_error("piece failed");
  };
  CHECK_THROWS_WITH_AS(parallel_for(100, 1, throwing), "piece failed", std::runtime_error);
  CHECK_NOTHROW(parallel_for(100, 1, [](std::int64_t, std::int64_t) {}));
  set_threads(before);
}
