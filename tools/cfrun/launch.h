// Starting the ranks of a run on this machine.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cf {

struct RankRequest {
  std::int64_t ranks = 0;  // --ranks; 0: not given
  bool saves = false;      // on SIGUSR1 the command saves its work and ends
  // Of the configuration:
  std::string device;
  std::vector<std::int64_t> gpus;
};

// --ranks N
void add_ranks_option(CLI::App& command, std::int64_t& ranks);

// Called by a command before it opens a device. Where several ranks are asked for and this process is not one already, starts
// them, with this process's own command line, and returns the exit code when they have ended: on the CPU by mpirun, on GPUs by
// itself. Else returns nothing, and the command goes on. Throws Error where ranks cannot be started: no mpirun, a build without
// MPI or NCCL, more ranks than GPUs, or another number than mpirun or srun has started.
std::optional<int> start_ranks(const RankRequest& request);

}  // namespace cf
