#include "tools/cfrun/launch.h"

#include "framework/core/check.h"

namespace cf {

void add_ranks_option(CLI::App& command, std::int64_t& ranks) {
  command.add_option("--ranks", ranks, "processes that share the work, started here; default: those of mpirun, srun or \"gpus\"")
      ->check(CLI::PositiveNumber);
}

std::optional<int> start_ranks(const RankRequest& request) {
  check(request.ranks <= 1 && request.gpus.size() <= 1, "this program cannot start ranks");
  return std::nullopt;
}

}  // namespace cf
