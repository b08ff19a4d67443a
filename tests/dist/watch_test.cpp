// Ranks that die, hang or fail: all end, in time, and the culprit is named.
#include <doctest/doctest.h>

#include <regex>

#include "framework/core/host_name.h"
#include "framework/dist/rank_place.h"
#include "tests/dist/launched.h"

namespace cf {
namespace {

using test::Launched;
using test::Launcher;

// All end within ten seconds; scenarios run for less than a second, or two more where they hang, before it comes to that.
constexpr double kTime = 10 + 3;

struct Expected {
  std::string scenario;
  std::string text;  // behind the host's name
  int rank = 1;
};

void check_ends(Launcher launcher, int ranks, const Expected& expected) {
  const Launched launched = test::launch(launcher, ranks, expected.scenario);
  INFO(expected.scenario << ", " << ranks << " ranks: " << launched.text);
  CHECK(launched.code != 0);
  CHECK(launched.seconds < kTime);
  const std::string line = fmt::format("announced: rank {} on {}: {}", expected.rank, host_name(), expected.text);
  CHECK(test::contains(launched.text, line));
  const std::regex announced("announced: ");
  CHECK(std::distance(std::sregex_iterator(launched.text.begin(), launched.text.end(), announced), std::sregex_iterator()) == 1);
  CHECK(test::still_running(expected.scenario) == 0);
}

const std::vector<Expected>& ends() {
  static const std::vector<Expected> all = {
      {"dies", "died"},
      {"chair_dies", "died", 0},
      {"exits", "died"},
      {"fails", "the loss is nan at step 21"},
      {"hangs", "hangs: it made no progress for 2 s"},
      {"is_stopped", "gave no sign of life for 6 s"},
      {"all_wait", "waits for the others, and they for it, for 2 s", 0},
      {"leaves", "ended its work while other ranks wait for it"},
      {"all_hang", "hangs: it made no progress for 2 s", 0},
  };
  return all;
}

TEST_CASE("ranks: one that fails ends all, by sockets") {
  for (const Expected& expected : ends()) check_ends(Launcher::sockets, 3, expected);
}

TEST_CASE("ranks: one that fails ends all, by MPI") {
  if (!test::have_mpi()) return;
  for (const Expected& expected : ends()) check_ends(Launcher::mpirun, 3, expected);
}

TEST_CASE("ranks: waiting for a slow one is not hanging") {
  const Launched sockets = test::launch(Launcher::sockets, 3, "slow");
  INFO(sockets.text);
  CHECK(sockets.code == 0);
  if (!test::have_mpi()) return;
  const Launched mpi = test::launch(Launcher::mpirun, 3, "slow");
  INFO(mpi.text);
  CHECK(mpi.code == 0);
}

}  // namespace
}  // namespace cf
