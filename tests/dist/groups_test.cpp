// Sums, texts and refusals of all groups. What is checked stands in program/ranks_main.cpp, "everything".
#include <doctest/doctest.h>

#include "tests/dist/launched.h"

namespace cf {
namespace {

using test::Launched;
using test::Launcher;

void check_everything(const Launched& launched) {
  INFO(launched.text);
  CHECK(launched.code == 0);
}

TEST_CASE("ranks: a group of one") {
  const auto group = single_group();
  const Tensor t = Tensor::from<float>({2}, std::vector<float>{1, 2});
  group->sum(t);
  group->begin_sum(t)->wait();
  group->tree_sum(t);
  group->broadcast(t, 0);
  CHECK(t.to_vector<float>() == std::vector<float>{1, 2});
  CHECK(group->all_gather_text("a") == std::vector<std::string>{"a"});
  CHECK(group->size() == 1);
  CHECK(test::contains(test::error_of([&] { group->broadcast_text("", 1); }), "no rank 1"));
}

TEST_CASE("ranks: MPI") {
  if (!test::have_mpi()) return;
  for (const int ranks : {1, 2, 3, 4}) {
    CAPTURE(ranks);
    check_everything(test::launch(Launcher::mpirun, ranks, "everything"));
  }
}

TEST_CASE("ranks: sockets") {
  for (const int ranks : {1, 2, 3, 4}) {
    CAPTURE(ranks);
    check_everything(test::launch(Launcher::sockets, ranks, "everything"));
  }
}

TEST_CASE("ranks: NCCL is missed in a build without it") {
  const auto alone = single_group();
  const std::string missing = nccl_missing();
  if (missing.empty()) {
    MESSAGE("skipped: this build has NCCL");
    return;
  }
  const std::string error = test::error_of([&] { nccl_group(*alone, {Device::Kind::cuda, 0}); });
  CHECK(test::contains(error, "built without NCCL"));
}

}  // namespace
}  // namespace cf
