// Checkpoints that cannot be used: exit code 2, what is wrong where, by every command that reads one.
#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

// Every way to read a checkpoint's values refuses bad.cfk of these bytes.
void check_bytes_refused(const std::string& bytes, const std::vector<std::string>& words) {
  const Workplace place;
  write_file(place / "bad.cfk", bytes);
  write_file(place / "good.cfk", read_text(some_checkpoint()));
  const auto before = place.names();
  check_refused(place.run({"test", "--checkpoint", "bad.cfk", "--data", "train.h5", "--out", "results"}), words);
  check_refused(place.run({"test", "small.json", "--checkpoint", "bad.cfk", "--data", "train.h5", "--out", "results"}), words);
  check_refused(place.train("run", {}, {"--resume", "bad.cfk"}), words);
  check_refused(place.train("run", {"train.init=bad.cfk"}), words);
  check_refused(place.run({"diff", "bad.cfk", "good.cfk"}), words);
  check_refused(place.run({"convert", "bad.cfk", "out.safetensors"}), words);
  CHECK(place.names() == before);
}

TEST_CASE("bad checkpoint: truncated") {
  const std::string whole = read_text(some_checkpoint());
  check_bytes_refused(whole.substr(0, whole.size() - 5), {"bad.cfk", "truncated checkpoint"});
  check_bytes_refused(whole.substr(0, 100), {"bad.cfk", "truncated checkpoint"});
}

TEST_CASE("bad checkpoint: a flipped byte") {
  std::string values = read_text(some_checkpoint());
  values[values.size() - 3] ^= 0x10;
  check_bytes_refused(values, {"bad.cfk", "damaged checkpoint", "checksum", "\"optimizer."});
  std::string header = read_text(some_checkpoint());
  header[200] ^= 0x10;
  check_bytes_refused(header, {"bad.cfk", "damaged checkpoint", "header's checksum"});
}

TEST_CASE("bad checkpoint: of a newer version") {
  std::string newer = read_text(some_checkpoint());
  newer[8] = 9;
  check_bytes_refused(newer, {"bad.cfk", "version 9", "use a newer"});
}

TEST_CASE("bad checkpoint: something else") {
  check_bytes_refused("no checkpoint at all, but some text", {"bad.cfk", "not a checkpoint"});
  const Workplace place;
  check_refused(place.run({"info", "absent.cfk"}), {"absent.cfk"});
  check_refused(place.run({"test", "--checkpoint", "absent.cfk", "--data", "train.h5"}), {"absent.cfk"});
}

TEST_CASE("bad checkpoint: of another network") {
  const Workplace place;
  const std::string checkpoint = some_checkpoint().string();
  const Arguments fusionnet = {"model.name=fusionnet", "model.fusionnet.channels=4", "model.fusionnet.blocks=1"};
  Arguments test = {"test", "small.json", "--checkpoint", checkpoint, "--data", "train.h5", "--out", "results"};
  for (const std::string& assignment : fusionnet) test.insert(test.end(), {"--set", assignment});
  check_refused(place.run(test), {"last.cfk", "holds the network 'cf2n'", "'fusionnet'"});
  check_refused(place.train("run", fusionnet, {"--resume", checkpoint}), {"last.cfk", "do not fit this network"});
  const auto test_with = [&](const std::string& assignment) {
    return place.run(
        {"test", "small.json", "--checkpoint", checkpoint, "--data", "train.h5", "--out", "results", "--set", assignment});
  };
  check_refused(test_with("data.sensor=wv3"), {"last.cfk", "a network for 4 bands", "asks for 8"});
  check_refused(test_with("model.cf2n.channels=6"), {"last.cfk", "do not fit this network", "model.head_ms.in.weight"});
  CHECK(place.names() == std::vector<std::string>{"small.json", "train.h5"});
}

TEST_CASE("bad checkpoint: without a configuration") {
  const Workplace place;
  Checkpoint checkpoint = read_checkpoint(some_checkpoint());
  checkpoint.meta = ordered_json::object();
  write_checkpoint(place / "bare.cfk", checkpoint);
  check_refused(place.run({"test", "--checkpoint", "bare.cfk", "--data", "train.h5"}), {"bare.cfk", "no configuration"});
  check_refused(place.train("run", {}, {"--resume", "bare.cfk"}), {"bare.cfk", "train.init"});
}

TEST_CASE("bad checkpoint: none where the newest run is looked for") {
  const Workplace place;
  check_refused(place.run({"test"}), {"runs", "best.cfk", "name a checkpoint"});
}

}  // namespace
}  // namespace cf::test
