// Where an interrupted run goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cf {

struct ResumePoint {
  std::filesystem::path checkpoint;
  std::int64_t step = 0;  // steps done there
  // What is wrong with newer checkpoints that were passed over, a sentence each.
  std::vector<std::string> passed_over;
};

// last.cfk of the folder where it is whole, every checksum verified; else the whole one of most steps among the numbered
// checkpoints and best.cfk. None where the folder is missing or holds no checkpoint. Throws Error that says what is wrong with
// each where there are some and none is whole: to start anew would bury what may still be saved.
std::optional<ResumePoint> find_resume_point(const std::filesystem::path& folder);

}  // namespace cf
