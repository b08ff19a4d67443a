// Ranks that are threads: every call of a process group, with work on other threads' heels, for ThreadSanitizer to watch.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/harness/thread_group.h"

namespace cf::test {
namespace {

constexpr int kRanks = 4;
constexpr int kRounds = 50;

// Filled by hand: this program has no kernels.
Tensor filled(std::int64_t count, float value) {
  const Tensor t = Tensor::empty({count}, DType::f32);
  std::fill(t.span<float>().begin(), t.span<float>().end(), value);
  return t;
}

bool holds(const Tensor& t, float value) {
  const auto values = t.span<float>();
  return std::all_of(values.begin(), values.end(), [&](float v) { return v == value; });
}

TEST_CASE("groups of threads: sums, one after another and under way together") {
  run_ranks(kRanks, [](ProcessGroup& group) {
    const auto own = static_cast<float>(group.rank() + 1);
    for (int round = 0; round < kRounds; ++round) {
      const Tensor a = filled(100, own);
      const Tensor b = filled(33, 2 * own);
      const auto first = group.begin_sum(a);
      const auto second = group.begin_sum(b);
      const Tensor meanwhile = filled(1000, own);  // what a backward pass would do
      first->wait();
      second->wait();
      CHECK(holds(a, 10));
      CHECK(holds(b, 20));
      CHECK(holds(meanwhile, own));
      group.tree_sum(a);
      CHECK(holds(a, 40));
    }
  });
}

TEST_CASE("groups of threads: broadcasts and texts") {
  run_ranks(kRanks, [](ProcessGroup& group) {
    for (int round = 0; round < kRounds; ++round) {
      const int root = round % kRanks;
      const Tensor t = filled(17, static_cast<float>(group.rank()));
      group.broadcast(t, root);
      CHECK(holds(t, static_cast<float>(root)));
      CHECK(group.broadcast_text("rank " + std::to_string(group.rank()), root) == "rank " + std::to_string(root));
      const auto all = group.all_gather_text(std::to_string(group.rank()));
      CHECK(all == std::vector<std::string>{"0", "1", "2", "3"});
      group.barrier();
    }
  });
}

}  // namespace
}  // namespace cf::test
