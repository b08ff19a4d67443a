// Places that cannot be written to: exit code 2, and what stood there before still stands.

#include "framework/io/files.h"
#include "tests/harness/small_disk.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

void check_no_leavings(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    CHECK_MESSAGE(!contains(entry.path().filename().string(), ".tmp"), entry.path());
  }
}

TEST_CASE("bad output: a file where the folder should be") {
  const Workplace place;
  write_file(place / "taken", "a file");
  const std::string checkpoint = some_checkpoint().string();
  check_refused(place.train("taken"), {"taken"});
  check_refused(place.train("taken/run"), {"taken"});
  check_refused(place.run({"test", "--checkpoint", checkpoint, "--data", "train.h5", "--out", "taken"}), {"taken"});
  check_refused(place.run({"synth", "taken", "--size", "64"}), {"taken"});
  check_refused(place.run({"convert", checkpoint, "taken/out.safetensors"}), {"taken"});
  CHECK(read_text(place / "taken") == "a file");
  CHECK(place.names() == std::vector<std::string>{"small.json", "taken", "train.h5"});
}

TEST_CASE("bad output: a checkpoint that does not fit on the disk leaves the last one") {
  const Workplace place;
  check_outcome(place.train("run", {"train.max_steps=2"}), 0, {});
  const std::string before = read_text(place / "run/last.cfk");
  const RunOptions full = {.file_limit = before.size() / 2};
  const Arguments more = place.train_arguments("run", {"train.max_steps=4"}, {"--resume"});
  check_refused(place.run(more, full), {"run/last.cfk"});
  CHECK(read_text(place / "run/last.cfk") == before);
  check_no_leavings(place / "run");
  // With room again, the run goes on from there.
  check_outcome(place.run(more), 0, {});
  check_outcome(place.train("straight", {"train.max_steps=4"}), 0, {});
  CHECK(place.run({"diff", "run/last.cfk", "straight/last.cfk"}).code == 0);
  CHECK(logged_steps(place / "run/log.jsonl").size() == 4);
}

TEST_CASE("bad output: results that do not fit on the disk") {
  const Workplace place;
  write_set<float>(place / "test.h5", {.samples = 2, .height = 16, .width = 16});
  const std::string checkpoint = some_checkpoint().string();
  const Arguments test = {"test", "--checkpoint", checkpoint, "--data", "test.h5", "--out", "results"};
  check_refused(place.run(test, {.file_limit = 8000}), {"results/"});
  CHECK(!std::filesystem::exists(place / "results"));
  check_refused(place.run({"convert", checkpoint, "out.safetensors"}, {.file_limit = 8000}), {"out.safetensors"});
  CHECK(!std::filesystem::exists(place / "out.safetensors"));
  check_refused(place.run({"synth", "made", "--sensor", "qb", "--size", "64"}, {.file_limit = 8000}), {"made/"});
  CHECK(place.names("made").empty());
}

TEST_CASE("bad output: a disk that is full, then read-only") {
  const Workplace place;
  check_outcome(place.train("first", {"train.max_steps=2"}), 0, {});
  const std::string checkpoint = read_text(place / "first/last.cfk");
  // Room for the run so far, not for a second checkpoint beside the first.
  const SmallDisk disk(place / "disk", ("size=" + std::to_string(checkpoint.size() * 3 / 2 + 40000)).c_str());
  if (!disk.mounted()) return;
  std::filesystem::copy(place / "first", place / "disk/run");
  write_file(place / "disk/ballast", std::string(36000, 'x'));
  const Arguments more = place.train_arguments("disk/run", {"train.max_steps=4"}, {"--resume"});
  check_refused(place.run(more), {"disk/run/"});
  CHECK(read_text(place / "disk/run/last.cfk") == checkpoint);
  check_no_leavings(place / "disk");

  disk.make_read_only();
  check_refused(place.run(more), {"disk/run/", "choose a folder that can be written"});
  check_refused(place.train("disk/other"), {"disk/other"});
  CHECK(read_text(place / "disk/run/last.cfk") == checkpoint);
}

}  // namespace
}  // namespace cf::test
