#include "tests/system/workplace.h"

#include <algorithm>
#include <sstream>

#include "framework/io/files.h"

namespace cf::test {

ordered_json small_experiment() {
  return {{"name", "small"},
          {"model", {{"name", "cf2n"}, {"cf2n", {{"channels", 4}, {"stages", 1}}}}},
          {"data", {{"dir", "."}, {"sensor", "qb"}, {"train", "train.h5"}, {"flips", true}}},
          {"optimizer", {{"lr", 0.002}}},
          {"schedule", {{"name", "constant"}, {"steps", 20}}},
          {"train", {{"batch", 2}, {"validate_every", 0}}},
          {"checkpoint", {{"seconds", 0}}}};
}

Workplace::Workplace() {
  write_set<float>(*this / "train.h5", {.samples = 8, .height = 4, .width = 4});
  write_json(*this / "small.json", small_experiment());
}

Arguments Workplace::train_arguments(const std::string& out, const Arguments& overrides, const Arguments& more) const {
  Arguments arguments = {"train", "small.json", "--out", out};
  for (const std::string& assignment : overrides) arguments.insert(arguments.end(), {"--set", assignment});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Outcome Workplace::train(const std::string& out, const Arguments& overrides, const Arguments& more) const {
  return run(train_arguments(out, overrides, more));
}

std::vector<std::string> Workplace::names(const std::string& folder) const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(*this / folder)) found.push_back(entry.path().filename().string());
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<ordered_json> logged_steps(const std::filesystem::path& log) {
  std::vector<ordered_json> lines;
  if (!std::filesystem::exists(log)) return lines;
  std::istringstream text(read_text(log));
  for (std::string line; std::getline(text, line);) {
    ordered_json parsed = ordered_json::parse(line, nullptr, false);
    if (parsed.is_object() && parsed.contains("loss")) lines.push_back(std::move(parsed));
  }
  return lines;
}

const std::filesystem::path& some_checkpoint() {
  static const Workplace place;
  static const std::filesystem::path path = [] {
    const Outcome outcome = place.train("run", {"train.max_steps=1"});
    check(outcome.code == 0, "training for a checkpoint failed: {}", outcome.err);
    return place / "run/last.cfk";
  }();
  return path;
}

bool has_ranks(const Workplace& place) {
  static const bool has = contains(place.run({"--version"}).out, "MPI        yes");
  if (!has) MESSAGE("skipped: this build has no MPI");
  return has;
}

void check_outcome(const Outcome& outcome, int code, const std::vector<std::string>& parts) {
  INFO("stdout: " << outcome.out << "\nstderr: " << outcome.err);
  CHECK(outcome.code == code);
  for (const std::string& part : parts) CHECK_MESSAGE(outcome.err.find(part) != std::string::npos, "no \"" << part << "\"");
}

}  // namespace cf::test
