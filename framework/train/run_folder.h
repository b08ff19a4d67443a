// The folder of a training run: config.json, log.jsonl, last.cfk, best.cfk, numbered checkpoints, TensorBoard events.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/io/json.h"

namespace cf {

class EventWriter;
class RunLock;

class RunFolder {
 public:
  // A new run refuses a folder that holds one (Error); a resumed run keeps what is there. Both refuse a folder in which a run is
  // going on, from here on where the folder exists (see RunLock). Nothing else is written yet.
  RunFolder(std::filesystem::path dir, bool resume);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& dir() const { return dir_; }
  std::filesystem::path last() const { return dir_ / "last.cfk"; }
  std::filesystem::path best() const { return dir_ / "best.cfk"; }
  // "epoch-000020.cfk"; `unit` is "epoch" or "step".
  std::filesystem::path numbered(std::string_view unit, std::int64_t number) const;
  // Removes all but the newest `keep` numbered checkpoints; 0 keeps all.
  void prune_numbered(std::int64_t keep) const;

  // Makes and locks the folder, clears what a killed run left unfinished, and writes config.json. Throws Error where that cannot
  // be done.
  void write_config(const ordered_json& config);
  // Opens the log. Lines of steps after `step` are of a run that was cut off: they are dropped, and run again.
  void open_log(std::int64_t step);
  // Appends a line to log.jsonl.
  void log(const ordered_json& line);
  void flush();
  // For TensorBoard, where built in: scalars and pictures under a step.
  void events(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars,
              const std::vector<std::pair<std::string, std::string>>& images = {});

 private:
  void lock();
  void check_new() const;

  std::filesystem::path dir_;
  bool resume_;
  std::unique_ptr<RunLock> lock_;
  std::ofstream log_;
  std::unique_ptr<EventWriter> events_;
};

// The newest folder under `root`, of a run called `name` where that is given, that holds the checkpoint `file`; empty where there
// is none.
std::filesystem::path find_newest_run(const std::filesystem::path& root, const std::string& file, const std::string& name = "");
// The same; throws Error where there is none.
std::filesystem::path newest_run(const std::filesystem::path& root, const std::string& file, const std::string& name = "");
// root/<name>-<date>-<time>, with a number behind it where that is taken.
std::filesystem::path new_run_dir(const std::filesystem::path& root, const std::string& name);

}  // namespace cf
