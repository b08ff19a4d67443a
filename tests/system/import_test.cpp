// Weights of other programs: converted, tested, and what is refused.
#include "framework/io/files.h"
#include "tests/harness/torch_writer.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

const Arguments kNetwork = {
    "--model", "fusionnet", "--bands", "4", "--set", "model.fusionnet.channels=4", "--set", "model.fusionnet.blocks=1"};

// A published state dict of that network, in PyTorch's order; every value is `value`.
NamedTensors published(double value) {
  NamedTensors tensors;
  const auto layer = [&](const std::string& name, const Shape& weight) {
    tensors.emplace_back(name + ".weight", Tensor::full(weight, value));
    tensors.emplace_back(name + ".bias", Tensor::full({weight[0]}, value));
  };
  for (const char* name : {"conv1", "res1.conv20", "res1.conv21", "conv3"}) layer(name, {4, 4, 3, 3});
  return tensors;
}

Arguments convert(const std::string& from, const std::string& to, const Arguments& more = kNetwork) {
  Arguments arguments = {"convert", from, to};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST_CASE("import: a network of PyTorch's, tested") {
  const Workplace place;
  write_file(place / "net.pth", torch_state_dict(published(0)));
  const Outcome done = place.run(convert("net.pth", "net.cfk"));
  check_outcome(done, 0, {});
  CHECK(contains(done.out, "8 tensors of fusionnet loaded"));
  // With weights of zero it returns LMS.
  write_set<float>(place / "set.h5", {.samples = 1, .height = 8, .width = 8});
  const Outcome test = place.run({"test", "--checkpoint", "net.cfk", "--data", "set.h5", "--out", "results", "--no-pictures"});
  check_outcome(test, 0, {});
  const ordered_json metrics = read_json(place / "results/metrics.json");
  CHECK(metrics["network"]["mean"] == metrics["EXP"]["mean"]);
  check_outcome(place.run({"info", "net.pth"}), 0, {});
  CHECK(contains(place.run({"info", "net.pth"}).out, "res1.conv20.weight"));
}

TEST_CASE("import: as it is, to safetensors") {
  const Workplace place;
  write_file(place / "net.pth", torch_state_dict(published(0.5)));
  check_outcome(place.run(convert("net.pth", "net.safetensors", {})), 0, {});
  check_outcome(place.run(convert("net.safetensors", "net.cfk")), 0, {});
  check_outcome(place.run(convert("net.pth", "direct.cfk")), 0, {});
  const Checkpoint a = read_checkpoint(place / "net.cfk");
  const Checkpoint b = read_checkpoint(place / "direct.cfk");
  REQUIRE(a.tensors.size() == b.tensors.size());
  CHECK(a.find("model.res1.conv21.weight")->to_vector<float>() == b.find("model.res1.conv21.weight")->to_vector<float>());
}

TEST_CASE("import: what does not fit is listed at once, and nothing is written") {
  const Workplace place;
  NamedTensors tensors = published(0);
  tensors[0].second = Tensor::zeros({4, 8, 3, 3});
  tensors.back().first = "conv3.slope";
  write_file(place / "net.pth", torch_state_dict(tensors));
  const auto before = place.names();
  check_refused(place.run(convert("net.pth", "net.cfk")),
                {"net.pth", "1 missing", "conv3.bias", "1 unexpected", "conv3.slope", "1 of another shape", "conv1.weight"});
  check_refused(place.run(convert("net.pth", "net.cfk", {})), {"net.pth", "--model"});
  check_refused(place.run(convert("net.pth", "net.safetensors", {"--bands", "4"})), {"--model"});
  check_refused(place.run(convert("net.pth", "net.safetensors", {"--part", "ema"})),
                {"net.pth", "no part \"ema\"", "conv1.weight"});
  check_refused(place.run(convert(some_checkpoint().string(), "net.cfk")), {"leave out --model"});
  CHECK(place.names() == before);
}

TEST_CASE("import: hostile and foreign files") {
  const Workplace place;
  const std::string call = PickleWriter().global("os", "system").op("(").text("touch executed").op("tR").stop();
  write_file(place / "call.pth", torch_zip(call, {}));
  write_file(place / "text.pth", "not a file of PyTorch's");
  write_file(place / "other.pth", zip_archive({{"readme.txt", "text"}}));
  write_file(place / "big.pth", zip_archive({{"a/data.pkl", PickleWriter().op("}").stop()}, {"a/byteorder", "big"}}));
  const auto before = place.names();
  check_refused(place.run(convert("call.pth", "net.cfk")), {"call.pth", "calls os.system: refused"});
  check_refused(place.run(convert("text.pth", "net.cfk")), {"text.pth", "neither a zip archive nor a pickle"});
  check_refused(place.run(convert("other.pth", "net.cfk")), {"other.pth", "without data.pkl"});
  check_refused(place.run(convert("big.pth", "net.cfk")), {"big.pth", "big-endian"});
  check_refused(place.run(convert("absent.pth", "net.cfk")), {"absent.pth"});
  CHECK(place.names() == before);
}

}  // namespace
}  // namespace cf::test
