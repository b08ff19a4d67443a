// A folder with small data sets and a small experiment on them.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "framework/io/checkpoint.h"
#include "framework/io/json.h"
#include "tests/data/make_set.h"
#include "tests/harness/temp_folder.h"
#include "tests/system/program.h"

namespace cf::test {

// An experiment of a tiny CF2N on train.h5, 8 patches of 16 x 16 and 4 bands: four steps per epoch, no validation.
ordered_json small_experiment();

class Workplace {
 public:
  // Writes train.h5 and small.json (small_experiment()) into a folder of its own.
  Workplace();

  std::filesystem::path operator/(const std::string& name) const { return folder_.path() / name; }
  // Runs cfrun here.
  Outcome run(const Arguments& arguments, const RunOptions& options = {}) const {
    return cf::test::run(folder_.path(), arguments, options);
  }
  // cfrun train small.json --out `out`, with overrides and further words.
  Outcome train(const std::string& out, const Arguments& overrides = {}, const Arguments& more = {}) const;
  Arguments train_arguments(const std::string& out, const Arguments& overrides = {}, const Arguments& more = {}) const;
  // Sorted names of what stands in a folder here.
  std::vector<std::string> names(const std::string& folder = ".") const;
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

// What log.jsonl says of steps, in its order: lines with a loss.
std::vector<ordered_json> logged_steps(const std::filesystem::path& log);

// A checkpoint of a trained small network for tests that only need some checkpoint; made once per test program.
const std::filesystem::path& some_checkpoint();

// Whether the program can start several ranks here; says so where it cannot.
bool has_ranks(const Workplace& place);

// Fails the test unless the program ended with `code` and printed every one of `parts` to stderr.
void check_outcome(const Outcome& outcome, int code, const std::vector<std::string>& parts);
// The same for bad input: exit code 2.
inline void check_refused(const Outcome& outcome, const std::vector<std::string>& parts) { check_outcome(outcome, 2, parts); }

}  // namespace cf::test
