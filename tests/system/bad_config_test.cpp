// Configurations that cannot be used: exit code 2, what is wrong where.
#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

// A configuration of this text is refused by every command that reads one, before anything is written.
void check_text_refused(const std::string& text, const std::vector<std::string>& words) {
  const Workplace place;
  write_file(place / "bad.json", text);
  const auto before = place.names();
  for (const char* command : {"info", "summary", "train"}) check_refused(place.run({command, "bad.json"}), words);
  CHECK(place.names() == before);
}

void check_override_refused(const std::string& assignment, const std::vector<std::string>& words) {
  const Workplace place;
  const auto before = place.names();
  check_refused(place.train("run", {assignment}), words);
  CHECK(place.names() == before);
}

TEST_CASE("bad configuration: a missing file") {
  const Workplace place;
  check_refused(place.run({"train", "absent.json"}), {"absent.json"});
}

TEST_CASE("bad configuration: syntax errors, with line and column") {
  check_text_refused("{\n  \"name\": \"a\",\n  \"train\": { \"batch\": 2,, }\n}\n", {"bad.json:3:25"});
  check_text_refused("{\n  \"name\": \"a\"\n", {"bad.json:"});
  check_text_refused("", {"bad.json:1:1"});
  check_text_refused(R"({"name": "a", "name": "b"})", {"bad.json", "\"name\" stands twice"});
}

TEST_CASE("bad configuration: unknown keys, with the nearest one") {
  check_text_refused(R"({"train": {"bach": 2}})", {"bad.json", "unknown key \"train.bach\"", "\"train.batch\""});
  check_override_refused("train.maxsteps=3", {"unknown key \"train.maxsteps\"", "\"train.max_steps\""});
  check_override_refused("max_steps=3", {"unknown key \"max_steps\"", "\"train.max_steps\""});
  check_override_refused("train.max_steps", {"train.max_steps", "expected path.to.key=value"});
  check_override_refused("train.batch.size=3", {"train.batch is a single value"});
}

TEST_CASE("bad configuration: wrong types") {
  check_text_refused(R"({"train": {"batch": "two"}})", {"bad.json", "train.batch", "expected a whole number", "\"two\""});
  check_text_refused(R"({"train": 3})", {"bad.json", "train: expected an object"});
  check_text_refused("[1, 2]", {"bad.json", "expected an object"});
  check_override_refused("train.batch=2.5", {"train.batch", "expected a whole number"});
  check_override_refused("data.flips=1", {"data.flips", "expected true or false"});
}

TEST_CASE("bad configuration: values out of range") {
  check_text_refused(R"({"train": {"batch": 0}})", {"bad.json", "train.batch", "0 is out of range", "at least 1"});
  check_override_refused("optimizer.lr=-1", {"optimizer.lr", "-1 is out of range", "above 0"});
  check_override_refused("optimizer.beta1=1", {"optimizer.beta1", "below 1"});
  check_override_refused("data.sensor=spot", {"data.sensor", "\"spot\" is not one of", "wv3"});
  check_override_refused("model.name=cf3n", {"model.name", "\"cf3n\" is not one of", "cf2n"});
  check_override_refused("train.seed=-1", {"train.seed"});
}

TEST_CASE("bad configuration: every fault at once") {
  check_text_refused(R"({"train": {"batch": 0, "sed": 1}, "data": {"flips": "no"}})",
                     {"3 faults", "train.batch", "train.sed", "data.flips"});
}

TEST_CASE("bad configuration: sizes that no network has") {
  check_override_refused("model.cf2n.channels=5", {"channels", "5"});
  check_override_refused("model.cf2n.kernel=2", {"kernel", "2"});
}

TEST_CASE("bad configuration: no length, a schedule without one") {
  check_override_refused("schedule.steps=0", {"schedule.steps", "train.max_steps"});
  const Workplace place;
  check_refused(place.train("run", {"schedule.name=cosine", "schedule.steps=0", "train.max_steps=3"}), {"schedule", "steps"});
  check_refused(place.train("run", {"schedule.name=multistep", "schedule.milestones=[3,2]"}), {"milestones"});
  CHECK(!std::filesystem::exists(place / "run"));
}

TEST_CASE("bad configuration: devices that cannot be had") {
  check_override_refused("device=gpu", {"device 'gpu'", "expected auto, cpu, cuda or cuda:N"});
  check_override_refused("device=cuda:15", {"device 'cuda:15'", "\"cpu\" or \"auto\""});
  const Workplace place;
  check_refused(place.train("run", {}, {"--device", "cuda:15"}), {"device 'cuda:15'"});
  check_refused(place.train("run", {"capture=true"}, {"--device", "cpu"}), {"capture: records the work of a GPU"});
  check_refused(place.run({"bench", "cf2n", "--device", "cuda:15"}), {"device 'cuda:15'"});
  check_refused(place.run({"test", "--checkpoint", some_checkpoint().string(), "--device", "cuda:15"}), {"device 'cuda:15'"});
  CHECK(place.names() == std::vector<std::string>{"small.json", "train.h5"});
}

TEST_CASE("bad command lines") {
  const Workplace place;
  check_refused(place.run({}), {"subcommand"});
  check_refused(place.run({"trian"}), {"trian"});
  check_refused(place.run({"train"}), {"config"});
  check_refused(place.run({"train", "small.json", "--outt", "x"}), {"--outt"});
  check_refused(place.run({"synth", "d", "--sensor", "spot"}), {"spot"});
  check_refused(place.run({"gradcheck", "conv3d"}), {"conv3d", "--list"});
  check_refused(place.run({"summary", "small.json", "--height", "0"}), {"--height"});
  CHECK(place.names() == std::vector<std::string>{"small.json", "train.h5"});
}

}  // namespace
}  // namespace cf::test
