// The other commands, and the flow of the shipped configurations.
#include <algorithm>

#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

const std::filesystem::path kConfigs = std::filesystem::path(CF_SOURCE_DIR) / "configs";

// Runs a command that must succeed; what it printed.
std::string printed(const Workplace& place, const Arguments& arguments) {
  const Outcome outcome = place.run(arguments);
  check_outcome(outcome, 0, {});
  return outcome.out;
}

void check_prints(const Workplace& place, const Arguments& arguments, const std::vector<std::string>& parts) {
  const std::string text = printed(place, arguments);
  INFO(text);
  for (const std::string& part : parts) CHECK_MESSAGE(contains(text, part.c_str()), part);
}

TEST_CASE("commands: --version, --help") {
  const Workplace place;
  check_prints(place, {"--version"}, {"cfrun ", "compiler", "CUDA", "matio", "protobuf", "GDAL", "MPI"});
  check_prints(place, {"--help"},
               {"train", "test", "info", "synth", "summary", "schema", "gradcheck", "bench", "kernels", "diff", "convert"});
  check_prints(place, {"train", "--help"}, {"--set", "--out", "--resume"});
}

TEST_CASE("commands: info describes sets, checkpoints, weights and configurations") {
  const Workplace place;
  check_prints(place, {"info", "train.h5"}, {"8 x 4 x 16 x 16", "float32", "NaN", "8 samples, 4 bands", "ratio 4"});
  const std::string checkpoint = some_checkpoint().string();
  check_prints(place, {"info", checkpoint},
               {"checkpoint", "step: 1", "model.head_ms.in.weight", "(4, 3, 3, 4)", "configuration"});
  check_prints(place, {"info", "small.json"}, {"a valid configuration", "\"channels\": 4", "\"scale\": 2047"});
  printed(place, {"convert", checkpoint, "weights.safetensors"});
  check_prints(place, {"info", "weights.safetensors"}, {"weights, ", "model.head_ms.in.weight"});
}

TEST_CASE("commands: summary lists layers and costs") {
  const Workplace place;
  const std::string wide = printed(place, {"summary", "small.json", "--batch", "2", "--height", "32", "--width", "32"});
  for (const char* part : {"head_ms", "parameters", "MAC"}) CHECK_MESSAGE(contains(wide, part), part);
  CHECK(wide != printed(place, {"summary", "small.json", "--set", "model.cf2n.channels=8"}));
}

TEST_CASE("commands: the committed schema is the program's") {
  CHECK(printed(Workplace(), {"schema"}) == read_text(kConfigs / "schema.json"));
}

TEST_CASE("commands: every shipped configuration is valid and names the schema") {
  const Workplace place;
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kConfigs)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".json" || path.filename() == "schema.json") continue;
    ++found;
    INFO(path);
    printed(place, {"info", path.string()});
    CHECK(read_json(path).at("$schema") == "schema.json");
  }
  CHECK(found >= 8);
}

TEST_CASE("commands: convert there and back is equal") {
  const Workplace place;
  const std::string checkpoint = some_checkpoint().string();
  printed(place, {"convert", checkpoint, "a.safetensors"});
  printed(place, {"convert", "a.safetensors", "a.cfk"});
  check_prints(place, {"diff", checkpoint, "a.cfk"}, {"equal: all"});
  CHECK(read_text(place / "a.cfk") == read_text(some_checkpoint()));
  check_refused(place.run({"convert", checkpoint, "a.pt"}), {"a.pt", ".safetensors"});
}

TEST_CASE("commands: diff tells a difference by its exit code") {
  const Workplace place;
  Checkpoint other = read_checkpoint(some_checkpoint());
  other.tensors[0].second = Tensor::zeros(other.tensors[0].second.shape());
  write_checkpoint(place / "other.cfk", other);
  const Outcome outcome = place.run({"diff", some_checkpoint().string(), "other.cfk"});
  CHECK(outcome.code == 1);
  CHECK(contains(outcome.out, ("differs: " + other.tensors[0].first).c_str()));
}

TEST_CASE("commands: gradcheck") {
  const Workplace place;
  check_prints(place, {"gradcheck", "--list"}, {"conv2d", "laconv", "cf2n"});
  check_prints(place, {"gradcheck", "add", "sigmoid"}, {"add", "sigmoid", "0 failed"});
}

TEST_CASE("commands: bench prints JSON") {
  const Workplace place;
  const Outcome outcome =
      place.run({"bench", "fusionnet", "--batch", "1", "--size", "16", "--bands", "4", "--runs", "1", "--json"});
  check_outcome(outcome, 0, {});
  CHECK(ordered_json::parse(outcome.out).is_object());
}

TEST_CASE("commands: synth is a function of its seed") {
  const Workplace place;
  const auto make = [&](const std::string& folder, const std::string& seed) {
    printed(place, {"synth", folder, "--sensor", "qb", "--size", "64", "--seed", seed});
  };
  make("a", "3");
  make("b", "3");
  make("c", "4");
  const auto names = place.names("a");
  REQUIRE(names.size() == 4);
  const auto pixels = [&](const std::string& folder, const std::string& file) {
    const hdf5::Array array = hdf5::File(place / (folder + "/" + file)).open("pan");
    std::vector<double> values(static_cast<std::size_t>(array.info().numel()));
    array.read<double>(values);
    return values;
  };
  for (const std::string& name : names) {
    const bool same_bytes = read_text(place / ("a/" + name)) == read_text(place / ("b/" + name));
    CHECK_MESSAGE(same_bytes, name);
    CHECK(pixels("a", name) != pixels("c", name));
  }
}

// The README's way, with a smaller network.
TEST_CASE("commands: synthetic data under a shipped configuration") {
  const Workplace place;
  check_prints(place, {"synth", "data/wv3", "--sensor", "wv3", "--bands", "8", "--size", "64"},
               {"train_wv3.h5", "valid_wv3.h5", "test_wv3_multiExm1.h5", "test_wv3_OrigScale_multiExm1.h5"});
  check_prints(place, {"info", "data/wv3/train_wv3.h5"}, {"float64", "8 bands", "agrees"});
  for (const std::string name : {"cf2n", "fusionnet"}) {
    Arguments train = {"train",        (kConfigs / (name + "_wv3.json")).string(), "--set", "train.max_steps=2", "--set",
                       "train.batch=2"};
    for (const char* assignment : {"model.cf2n.channels=4", "model.cf2n.stages=1", "model.fusionnet.channels=4"}) {
      train.insert(train.end(), {"--set", assignment});
    }
    printed(place, train);
    check_prints(place, {"test", "--no-pictures"}, {"runs/" + name + "_wv3-", "reduced resolution", "full resolution", "HQNR"});
  }
}

}  // namespace
}  // namespace cf::test
