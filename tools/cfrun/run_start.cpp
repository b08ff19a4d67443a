#include "tools/cfrun/run_start.h"

#include <optional>
#include <string>

#include "framework/core/log.h"
#include "framework/dist/process_group.h"
#include "framework/train/resume_point.h"
#include "framework/train/run_folder.h"

namespace cf {
namespace {

constexpr const char* kRuns = "runs";
constexpr const char* kLast = "last.cfk";

RunStart find_automatic(const RunRequest& request, const std::string& name) {
  RunStart start{request.out.empty() ? find_newest_run(kRuns, kLast, name) : std::filesystem::path(request.out), {}};
  if (start.dir.empty()) start.dir = new_run_dir(kRuns, name);
  const std::optional<ResumePoint> point = find_resume_point(start.dir);
  if (!point) {
    log::info("{}: no checkpoint there, the run begins", start.dir.string());
    return start;
  }
  for (const std::string& fault : point->passed_over) log::warning("passed over: {}", fault);
  start.checkpoint = point->checkpoint;
  start.step = point->step;
  return start;
}

}  // namespace

RunStart find_start(const RunRequest& request, const std::string& name) {
  if (request.automatic()) return find_automatic(request, name);
  RunStart start{request.out, request.checkpoint};
  if (start.dir.empty() && start.resumes()) start.dir = std::filesystem::absolute(start.checkpoint).parent_path();
  if (start.dir.empty()) start.dir = request.resume ? newest_run(kRuns, kLast, name) : new_run_dir(kRuns, name);
  if (request.resume && !start.resumes()) start.checkpoint = start.dir / kLast;
  return start;
}

RunStart find_start(ProcessGroup& ranks, const RunRequest& request, const std::string& name) {
  RunStart start;
  if (ranks.rank() == 0) start = find_start(request, name);
  start.dir = ranks.broadcast_text(start.dir.string(), 0);
  start.checkpoint = ranks.broadcast_text(start.checkpoint.string(), 0);
  start.step = std::stoll(ranks.broadcast_text(std::to_string(start.step), 0));
  return start;
}

}  // namespace cf
