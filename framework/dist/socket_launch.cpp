#include <fcntl.h>
#include <sys/socket.h>

#include <csignal>
#include <string>
#include <vector>

#include "framework/core/check.h"
#include "framework/dist/frames.h"
#include "framework/dist/groups.h"
#include "framework/dist/processes.h"

namespace cf {

int run_connected(const std::vector<std::string>& words, int ranks) {
  std::vector<Descriptor> chairs;  // rank 0's ends of the connections
  std::vector<Descriptor> others;
  for (int rank = 1; rank < ranks; ++rank) {
    int ends[2] = {-1, -1};  // NOLINT: what the system asks for
    check(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "--ranks: no connections could be made: too many open files?");
    chairs.emplace_back(ends[0]);
    others.emplace_back(ends[1]);
  }
  Processes job;
  const auto keep = [](const std::vector<Descriptor>& all, bool on) {
    for (const Descriptor& end : all) ::fcntl(end.number(), F_SETFD, on ? 0 : FD_CLOEXEC);
  };
  for (int rank = 0; rank < ranks; ++rank) {
    // Each inherits its own ends only: a connection breaks when the one process that has an end of it is gone.
    keep(chairs, rank == 0);
    keep(others, false);
    std::string sockets;
    if (rank == 0) {
      for (const Descriptor& end : chairs) sockets += (sockets.empty() ? "" : ",") + std::to_string(end.number());
    } else {
      const Descriptor& end = others[static_cast<std::size_t>(rank - 1)];
      ::fcntl(end.number(), F_SETFD, 0);
      sockets = std::to_string(end.number());
    }
    job.start(words, {fmt::format("{}={}/{}:{}", kRankVariable, rank, ranks, sockets)});
  }
  chairs.clear();
  others.clear();
  return job.wait([](int signal, int time) { return time == 1 ? signal : SIGTERM; });
}

}  // namespace cf
