// Where a training begins or goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace cf {

class ProcessGroup;

// What the command line says of it.
struct RunRequest {
  std::string out;         // --out; empty: not given
  bool resume = false;     // --resume
  std::string checkpoint;  // its value: a file, "auto", or empty
  bool automatic() const { return resume && checkpoint == "auto"; }
};

struct RunStart {
  std::filesystem::path dir;         // the run folder
  std::filesystem::path checkpoint;  // to go on from; empty: from the beginning
  std::int64_t step = 0;             // with --resume auto: steps done there
  bool resumes() const { return !checkpoint.empty(); }
};

// The folder is --out, that of the checkpoint to go on from, the newest run called `name` under runs/, or a new one. With
// --resume auto the run goes on where it can (framework/train/resume_point.h) and begins otherwise; what was passed over is
// logged. Throws Error where --resume finds nothing, and where auto finds damaged checkpoints only.
RunStart find_start(const RunRequest& request, const std::string& name);
// The same on all ranks: rank 0 looks, since the clock has a say.
RunStart find_start(ProcessGroup& ranks, const RunRequest& request, const std::string& name);

}  // namespace cf
