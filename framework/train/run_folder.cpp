#include "framework/train/run_folder.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <ctime>

#include "framework/core/check.h"
#include "framework/io/events.h"
#include "framework/io/files.h"
#include "framework/train/run_lock.h"

namespace cf {
namespace {

std::vector<std::filesystem::path> numbered_checkpoints(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    const std::string name = entry.path().filename().string();
    const bool numbered = name.starts_with("epoch-") || name.starts_with("step-");
    if (numbered && name.ends_with(".cfk")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());  // numbers are padded with zeros, so this is their order
  return found;
}

// Takes away what a killed run was writing when it ended (StagedFile's temporary names).
void remove_unfinished(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension().string().starts_with(".tmp")) found.push_back(entry.path());
  }
  for (const auto& path : found) std::filesystem::remove(path);
}

// Whether new_run_dir() makes folders of this name for runs called `name`: a run called "a" has a namesake in "a-2026...", none
// in "a_b-2026...".
bool is_run_of(const std::string& folder, const std::string& name) {
  if (!folder.starts_with(name + "-")) return false;
  const std::string stamp = folder.substr(name.size() + 1);
  return stamp.find_first_not_of("0123456789-") == std::string::npos;
}

}  // namespace

RunFolder::RunFolder(std::filesystem::path dir, bool resume) : dir_(std::move(dir)), resume_(resume) {
  std::error_code ignored;
  if (std::filesystem::is_directory(dir_, ignored)) lock();
  check_new();
}

RunFolder::~RunFolder() = default;

void RunFolder::lock() {
  if (lock_ == nullptr) lock_ = std::make_unique<RunLock>(dir_);
}

void RunFolder::check_new() const {
  if (resume_) return;
  check(!std::filesystem::exists(last()) && !std::filesystem::exists(dir_ / "log.jsonl"),
        "{}: holds a run already; go on with --resume, or choose another --out", dir_.string());
}

std::filesystem::path RunFolder::numbered(std::string_view unit, std::int64_t number) const {
  return dir_ / fmt::format("{}-{:06}.cfk", unit, number);
}

void RunFolder::prune_numbered(std::int64_t keep) const {
  if (keep <= 0) return;
  const auto found = numbered_checkpoints(dir_);
  const auto excess = static_cast<std::int64_t>(found.size()) - keep;
  for (std::int64_t i = 0; i < excess; ++i) std::filesystem::remove(found[static_cast<std::size_t>(i)]);
}

void RunFolder::write_config(const ordered_json& config) {
  make_directories(dir_);
  if (lock_ == nullptr) {
    lock();
    check_new();  // another run may have come and gone since the constructor looked
  }
  remove_unfinished(dir_);
  write_json(dir_ / "config.json", config);
  if (events_ == nullptr) events_ = EventWriter::open(dir_);
  if (events_ != nullptr) events_->text("config", 0, config.dump(2));
}

void RunFolder::open_log(std::int64_t step) {
  const auto path = dir_ / "log.jsonl";
  if (std::filesystem::exists(path)) {
    std::ifstream old(path);
    std::string kept;
    for (std::string line; std::getline(old, line);) {
      const ordered_json parsed = ordered_json::parse(line, nullptr, false);
      // A line that was being written when the run died is no JSON.
      if (parsed.is_discarded() || parsed.value("step", std::int64_t{0}) > step) continue;
      kept += line + "\n";
    }
    write_file(path, kept);
  }
  log_.open(path, std::ios::app);
  check(log_.is_open(), "{}: cannot be written", path.string());
}

void RunFolder::log(const ordered_json& line) {
  log_ << line.dump() << '\n';
  log_.flush();
  check(log_.good(), "{}: cannot be written; is the disk full?", (dir_ / "log.jsonl").string());
}

void RunFolder::flush() {
  log_.flush();
  if (events_ != nullptr) events_->flush();
}

void RunFolder::events(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars,
                       const std::vector<std::pair<std::string, std::string>>& images) {
  if (events_ == nullptr) return;
  for (const auto& [tag, value] : scalars) events_->scalar(tag, step, value);
  for (const auto& [tag, png] : images) events_->image(tag, step, png);
  events_->flush();
}

std::filesystem::path find_newest_run(const std::filesystem::path& root, const std::string& file, const std::string& name) {
  std::filesystem::path newest;
  std::filesystem::file_time_type newest_time;
  if (std::filesystem::is_directory(root)) {
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      const auto checkpoint = entry.path() / file;
      const bool asked_for = name.empty() || is_run_of(entry.path().filename().string(), name);
      if (!asked_for || !std::filesystem::exists(checkpoint)) continue;
      const auto time = std::filesystem::last_write_time(checkpoint);
      if (newest.empty() || time > newest_time) {
        newest = entry.path();
        newest_time = time;
      }
    }
  }
  return newest;
}

std::filesystem::path newest_run(const std::filesystem::path& root, const std::string& file, const std::string& name) {
  const std::filesystem::path newest = find_newest_run(root, file, name);
  check(!newest.empty(), "{}: no run{} with a {} in it; name a checkpoint or a run folder", root.string(),
        name.empty() ? "" : " called " + name, file);
  return newest;
}

std::filesystem::path new_run_dir(const std::filesystem::path& root, const std::string& name) {
  const std::string stem = fmt::format("{}-{:%Y%m%d-%H%M%S}", name, fmt::localtime(std::time(nullptr)));
  std::filesystem::path dir = root / stem;
  for (int i = 2; std::filesystem::exists(dir); ++i) dir = root / fmt::format("{}-{}", stem, i);
  return dir;
}

}  // namespace cf
