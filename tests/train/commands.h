// The program's commands, run within the test's own process, where an emulated GPU can stand in for a true one.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "framework/io/json.h"
#include "tests/data/make_set.h"
#include "tests/harness/temp_folder.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/experiment.h"

namespace cf::test {

inline int cfrun(std::vector<std::string> words) {
  CLI::App app;
  Action action;
  for (const auto add : {add_train, add_test, add_bench}) add(app, action);
  std::reverse(words.begin(), words.end());  // as CLI11 takes them
  app.parse(std::move(words));
  return action();
}

// The smallest CF2N on patches of 8 x 8 pixels and 4 bands, written into a folder; five samples, two to a batch.
class TinyExperiment {
 public:
  TinyExperiment() {
    write_set<float>(folder_ / "train.h5", {.samples = 5, .height = 2, .width = 2});
    write_set<float>(folder_ / "valid.h5", {.samples = 1, .height = 8, .width = 8});  // metrics have windows of 32 x 32
    write_set<float>(folder_ / "test.h5", {.samples = 5, .height = 8, .width = 8});
    write_json(config(), json());
  }

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  std::filesystem::path config() const { return folder_ / "tiny.json"; }
  Experiment read(const std::vector<std::string>& overrides = {}) const { return read_experiment(config(), overrides); }
  int train(const std::string& out, std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"train", config().string(), "--out", (folder_ / out).string()};
    words.insert(words.end(), more.begin(), more.end());
    return cfrun(words);
  }

 private:
  ordered_json json() const {
    return {{"name", "tiny"},
            {"device", "cpu"},
            {"model", {{"name", "cf2n"}, {"cf2n", {{"channels", 2}, {"stages", 2}}}}},
            {"data",
             {{"dir", folder_.path().string()}, {"sensor", "qb"}, {"train", "train.h5"}, {"valid", "valid.h5"}, {"flips", true}}},
            {"optimizer", {{"lr", 0.002}, {"ema", 0.9}, {"clip_norm", 0.5}}},
            {"schedule", {{"steps", 6}}},
            {"train", {{"batch", 2}, {"log_every", 2}, {"validate_every", 2}}}};
  }

  TempFolder folder_;
};

}  // namespace cf::test
