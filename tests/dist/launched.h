// Ranks of the program dist_ranks, started for a test.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/dist/groups.h"
#include "framework/dist/mpi_module.h"
#include "framework/dist/processes.h"
#include "framework/io/files.h"
#include "tests/harness/temp_folder.h"

namespace cf::test {

struct Launched {
  int code = 0;
  double seconds = 0;
  std::string text;  // what they printed
};

enum class Launcher { mpirun, sockets };

// False, having said so, where mpirun cannot start ranks here.
inline bool have_mpi() {
  const std::string missing = error_of([] { (void)mpi_module(); });
  if (missing.empty() && std::system("command -v mpirun > /dev/null") == 0) return true;
  MESSAGE("skipped: " << (missing.empty() ? "mpirun was not found" : missing));
  return false;
}

// Runs a scenario in a shell, so that all that its processes print is caught.
inline Launched launch(Launcher launcher, int ranks, const std::string& scenario) {
  const TempFolder folder;
  const std::string program = CF_RANKS_PROGRAM;
  std::string command = fmt::format("exec {} --sockets {} {}", program, ranks, scenario);
  if (launcher == Launcher::mpirun) {
    command = fmt::format("exec mpirun --allow-run-as-root --oversubscribe --bind-to none -n {} {} {}", ranks, program, scenario);
  }
  const auto begin = std::chrono::steady_clock::now();
  Processes job;
  job.start({"/bin/sh", "-c", fmt::format("exec > {} 2>&1; {}", (folder / "text").string(), command)}, {"OMP_NUM_THREADS=1"});
  const int code = job.wait([](int signal, int) { return signal; });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return {code, seconds, read_text(folder / "text")};
}

// How many processes of that scenario there are.
inline int still_running(const std::string& scenario) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::error_code ignored;
    const auto file = entry.path() / "cmdline";
    if (!std::filesystem::exists(file, ignored)) continue;
    std::string words;
    try {
      words = read_text(file);
    } catch (const Error&) {
      continue;  // it has ended
    }
    count += contains(words, std::string(CF_RANKS_PROGRAM)) && contains(words, scenario) ? 1 : 0;
  }
  return count;
}

}  // namespace cf::test
