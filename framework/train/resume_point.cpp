#include "framework/train/resume_point.h"

#include <algorithm>

#include "framework/core/check.h"
#include "framework/io/checkpoint.h"

namespace cf {
namespace {

struct Candidate {
  std::filesystem::path path;
  std::int64_t step = 0;
};

// The steps of a checkpoint that a run can go on from, as its header says; throws Error where it does not.
std::int64_t step_of(const std::filesystem::path& path, const ordered_json& meta) {
  const auto found = meta.is_object() ? meta.find("step") : meta.end();
  check(found != meta.end() && found->is_number_integer(), "{}: has no 'step', so a run cannot go on from it", path.string());
  return found->get<std::int64_t>();
}

// The checkpoints beside last.cfk whose headers can be read, most steps first; of the others, why not.
std::vector<Candidate> older_checkpoints(const std::filesystem::path& folder, std::vector<std::string>& faults) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".cfk" && entry.path().filename() != "last.cfk") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Candidate> found;
  for (const auto& path : paths) {
    try {
      found.push_back({path, step_of(path, read_checkpoint_header(path).meta)});
    } catch (const Error& e) {
      faults.emplace_back(e.what());
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.step > b.step; });
  return found;
}

}  // namespace

std::optional<ResumePoint> find_resume_point(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) return std::nullopt;
  std::vector<std::string> faults;
  const auto is_whole = [&](const std::filesystem::path& path, std::int64_t& step) {
    try {
      step = step_of(path, read_checkpoint(path).meta);
      return true;
    } catch (const Error& e) {
      faults.emplace_back(e.what());
      return false;
    }
  };
  ResumePoint point{folder / "last.cfk", 0, {}};
  const bool has_last = std::filesystem::exists(point.checkpoint, ignored);
  if (has_last && is_whole(point.checkpoint, point.step)) return point;
  for (const Candidate& candidate : older_checkpoints(folder, faults)) {
    if (!is_whole(candidate.path, point.step)) continue;
    if (!has_last) faults.insert(faults.begin(), point.checkpoint.string() + " is missing");
    return ResumePoint{candidate.path, candidate.step, std::move(faults)};
  }
  if (faults.empty()) return std::nullopt;
  std::string list;
  for (const std::string& fault : faults) list += "\n  " + fault;
  fail("{}: none of its checkpoints can be gone on from; to start anew move them away, or choose another --out{}",
       folder.string(), list);
}

}  // namespace cf
