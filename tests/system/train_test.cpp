// What a training run leaves, and how it begins.
#include <algorithm>

#include "framework/io/files.h"
#include "framework/io/safetensors.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Sets large enough for every metric.
void write_valid(const Workplace& place) { write_set<float>(place / "valid.h5", {.samples = 3, .height = 16, .width = 16}); }

TEST_CASE("train: the run folder") {
  const Workplace place;
  write_valid(place);
  const Outcome outcome = place.train("run", {"data.valid=valid.h5", "train.validate_every=1", "train.max_steps=9",
                                              "checkpoint.every=1", "checkpoint.keep=1", "optimizer.ema=0.9"});
  check_outcome(outcome, 0, {"step 9/9", "loss", "8 patches of 16x16, 4 bands", "validation", "ERGAS", "best so far"});
  CHECK(contains(outcome.out, "run folder: run"));
  CHECK(contains(outcome.out, "peak memory"));
  const auto names = place.names("run");
  for (const char* name : {"last.cfk", "best.cfk", "config.json", "log.jsonl", "epoch-000002.cfk"}) CHECK(has(names, name));
  CHECK(!has(names, "epoch-000001.cfk"));
  CHECK(names.size() <= 6);  // an event file beside, where built in

  const auto lines = logged_steps(place / "run/log.jsonl");
  REQUIRE(lines.size() == 9);
  for (const char* key : {"step", "epoch", "loss", "lr", "grad_norm", "seconds"}) CHECK(lines[0].contains(key));
  CHECK(contains(read_text(place / "run/log.jsonl"), "\"valid\":{\"SAM\":"));
  // The resolved configuration is one that trains the same.
  const Outcome again = place.run({"train", "run/config.json", "--out", "again"});
  check_outcome(again, 0, {});
  CHECK(place.run({"diff", "run/last.cfk", "again/last.cfk"}).code == 0);
  CHECK(read_text(place / "run/config.json") == read_text(place / "again/config.json"));
}

TEST_CASE("train: the seed decides, and training learns") {
  const Workplace place;
  const Outcome outcome = place.train("a", {"train.max_steps=60", "optimizer.lr=0.01"});
  check_outcome(outcome, 0, {});
  const auto lines = logged_steps(place / "a/log.jsonl");
  CHECK(lines.back().at("loss").get<double>() < 0.9 * lines.front().at("loss").get<double>());
  check_outcome(place.train("b", {"train.max_steps=2", "train.seed=7"}), 0, {});
  CHECK(logged_steps(place / "b/log.jsonl")[0].at("loss") != lines[0].at("loss"));
}

TEST_CASE("train: a folder that holds a run is not written over") {
  const Workplace place;
  check_outcome(place.train("run", {"train.max_steps=1"}), 0, {});
  const std::string before = read_text(place / "run/last.cfk");
  const std::string log = read_text(place / "run/log.jsonl");
  check_refused(place.train("run", {"train.max_steps=2"}), {"run: holds a run already", "--resume", "--out"});
  CHECK(read_text(place / "run/last.cfk") == before);
  CHECK(read_text(place / "run/log.jsonl") == log);
}

TEST_CASE("train: two runs of one name get folders of their own") {
  const Workplace place;
  for (int i = 0; i < 2; ++i) check_outcome(place.run({"train", "small.json", "--set", "train.max_steps=1"}), 0, {});
  CHECK(place.names("runs").size() == 2);
}

// With a rate this small the weights do not move in f32, so that what they started from is seen.
const Arguments kStill = {"train.max_steps=1", "optimizer.name=sgd", "optimizer.lr=1e-30"};

Arguments still_from(const std::string& init) {
  Arguments overrides = kStill;
  overrides.insert(overrides.end(), {"train.init=" + init, "train.seed=9"});
  return overrides;
}

void check_same_weights(const std::filesystem::path& a, const std::filesystem::path& b) {
  const Checkpoint x = read_checkpoint(a);
  const Checkpoint y = read_checkpoint(b);
  std::size_t weights = 0;
  for (const auto& [name, tensor] : x.tensors) {
    if (!name.starts_with("model.")) continue;
    ++weights;
    REQUIRE(y.has(name));
    CHECK(tensor.to_vector<float>() == y.find(name)->to_vector<float>());
  }
  CHECK(weights > 10);
}

TEST_CASE("train: starts from given weights") {
  const Workplace place;
  check_outcome(place.train("first", {"train.max_steps=2"}), 0, {});
  check_outcome(place.train("from_cfk", still_from("first/last.cfk")), 0, {});
  check_same_weights(place / "first/last.cfk", place / "from_cfk/last.cfk");

  check_outcome(place.run({"convert", "first/last.cfk", "weights.safetensors", "--weights-only"}), 0, {});
  check_outcome(place.train("from_safetensors", still_from("weights.safetensors")), 0, {});
  check_same_weights(place / "first/last.cfk", place / "from_safetensors/last.cfk");

  // Names without the trainer's prefix, as other programs write them.
  SafeTensors bare = read_safetensors(place / "weights.safetensors");
  for (auto& [name, tensor] : bare.tensors) name = name.substr(std::string("model.").size());
  write_safetensors(place / "bare.safetensors", bare);
  check_outcome(place.train("from_bare", still_from("bare.safetensors")), 0, {});
  check_same_weights(place / "first/last.cfk", place / "from_bare/last.cfk");
}

TEST_CASE("train: weights that do not fit are refused") {
  const Workplace place;
  check_refused(place.train("run", {"train.init=absent.cfk"}), {"absent.cfk"});
  check_refused(place.train("run", {"train.init=" + some_checkpoint().string(), "model.cf2n.channels=6"}),
                {"last.cfk", "do not fit", "model.head_ms.in.weight"});
  CHECK(!std::filesystem::exists(place / "run"));
}

TEST_CASE("train: a loss that is not finite stops the run and names the way back") {
  const Workplace place;
  const Outcome outcome = place.train("run", {"optimizer.name=sgd", "optimizer.lr=1e30", "train.max_steps=20"});
  check_refused(outcome, {"at step ", "samples ", "train.h5", "checkpoint", "optimizer.clip_norm"});
  CHECK(logged_steps(place / "run/log.jsonl").size() < 20);
}

}  // namespace
}  // namespace cf::test
