#include "tools/cfrun/launch.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "framework/core/check.h"
#include "framework/dist/groups.h"
#include "framework/dist/mpi_module.h"
#include "framework/dist/processes.h"
#include "kernels/devices.h"
#include "tools/cfrun/ranks.h"

namespace cf {
namespace {

namespace fs = std::filesystem;

// This process's own command line, the program by its full path.
std::vector<std::string> own_command() {
  std::vector<std::string> words;
  std::ifstream in("/proc/self/cmdline");
  for (std::string word; std::getline(in, word, '\0');) words.push_back(word);
  check(!words.empty(), "--ranks: /proc/self/cmdline cannot be read, which says how this program was called");
  words.front() = fs::read_symlink("/proc/self/exe").string();
  return words;
}

// Empty where there is none.
std::string found_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = (fs::path(folder.empty() ? "." : folder) / program).string();
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

int run_by_mpirun(std::int64_t ranks, bool saves) {
  (void)mpi_module();  // says what is missing better than each rank would
  const std::string mpirun = found_in_path("mpirun");
  check(!mpirun.empty(), "--ranks: mpirun was not found, which starts ranks on the CPU: install openmpi-bin, or add it to PATH");
  std::vector<std::string> words = {mpirun, "-q", "--oversubscribe", "--bind-to", "none", "-n", std::to_string(ranks)};
  if (::geteuid() == 0) words.emplace_back("--allow-run-as-root");
  for (const std::string& word : own_command()) words.push_back(word);
  Processes job;
  job.start(words, {});
  // mpirun ends ranks a second after SIGTERM; SIGUSR1 it hands to them, and a rank that saves then ends in its own time.
  const int code = job.wait([&](int signal, int time) { return !saves ? signal : time == 1 ? SIGUSR1 : SIGTERM; });
  return saves && job.asked() != 0 && code == 128 + SIGUSR1 ? 128 + job.asked() : code;
}

}  // namespace

void add_ranks_option(CLI::App& command, std::int64_t& ranks) {
  command.add_option("--ranks", ranks, "processes that share the work, started here; default: those of mpirun, srun or \"gpus\"")
      ->check(CLI::PositiveNumber);
}

std::optional<int> start_ranks(const RankRequest& request) {
  const RankPlace place = rank_place();
  if (place.starter != RankPlace::Starter::none) {
    check(request.ranks == 0 || request.ranks == place.size, "--ranks {}: this process was started as one of {} ranks ({})",
          request.ranks, place.size, place.variable);
    return std::nullopt;
  }
  if (request.ranks == 0 && request.gpus.size() < 2) return std::nullopt;
  const FoundDevice found = find_device(request.device);
  if (found.device.is_cpu()) {
    check(request.gpus.empty() || request.device == "cpu", "gpus: {}; with device=cpu it runs on the CPU", found.why);
    if (request.ranks < 2) return std::nullopt;
    return run_by_mpirun(request.ranks, request.saves);
  }
  const std::int64_t ranks = request.ranks > 0 ? request.ranks : static_cast<std::int64_t>(request.gpus.size());
  check_gpus(ranks, request.gpus);
  const std::string missing = nccl_missing();
  check(missing.empty(), "--ranks {} on GPUs: {}", ranks, missing);
  return run_connected(own_command(), static_cast<int>(ranks));
}

}  // namespace cf
