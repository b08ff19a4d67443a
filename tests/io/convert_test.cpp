#include "framework/io/convert.h"

#include <limits>

#include "framework/io/compare.h"
#include "tests/io/support.h"

namespace cf {
namespace {

using test::contains;
using test::error_of;

Checkpoint sample() {
  Checkpoint c;
  c.meta = {{"step", 12}, {"config", {{"lr", 1e-3}, {"sizes", {1, 2}}}}};
  c.tensors.emplace_back("model.weight", Tensor::from<float>(Shape{4}, {1, -2, 3.5F, 0}));
  c.tensors.emplace_back("model.bias", Tensor::from<float>(Shape{2}, {1, 2}));
  c.tensors.emplace_back("optimizer.m", Tensor::from<double>(Shape{1}, {0.25}));
  return c;
}

TEST_CASE("compare: a checkpoint equals itself") {
  const CheckpointComparison c = compare_checkpoints(sample(), sample());
  CHECK(c.equal());
  CHECK(c.equal_tensors == 3);
  CHECK(c.meta.empty());
  CHECK(contains(c.report("x", "y"), "equal: all 3 tensors"));
}

TEST_CASE("compare: differences of values, names, shapes and meta") {
  Checkpoint b = sample();
  b.meta["step"] = 13;
  b.meta["config"]["sizes"][1] = 3;
  b.meta["more"] = true;
  b.tensors[0].second = Tensor::from<float>(Shape{4}, {1, -2.5F, 3.5F, -0.0F});
  b.tensors[1].second = Tensor::from<float>(Shape{1, 2}, {1, 2});
  b.tensors[2].first = "optimizer.v";
  const CheckpointComparison c = compare_checkpoints(sample(), b);
  CHECK(!c.equal());
  CHECK(c.only_a == std::vector<std::string>{"optimizer.m"});
  CHECK(c.only_b == std::vector<std::string>{"optimizer.v"});
  REQUIRE(c.differing.size() == 2);
  CHECK(c.differing[0].differing == 2);  // -0 has other bits than 0
  CHECK(c.differing[0].max_abs == 0.5);
  CHECK(c.differing[0].max_rel == doctest::Approx(0.2));
  CHECK(contains(c.differing[1].misfit, "f32 (2) | f32 (1, 2)"));
  REQUIRE(c.meta.size() == 3);
  const std::string text = c.report("x", "y");
  CHECK(contains(text, "meta config.sizes[1]: 2 | 3"));
  CHECK(contains(text, "meta more: (none) | true"));
  CHECK(contains(text, "meta step: 12 | 13"));
  CHECK(contains(text, "differs: model.weight: 2 of 4 values, at most 0.5 (relative 0.2)"));
  CHECK(contains(text, "different: 0 tensors equal, 2 differ, 1 only in a, 1 only in b"));
}

TEST_CASE("compare: a NaN on one side is an infinite difference") {
  Checkpoint b = sample();
  b.tensors[0].second = Tensor::from<float>(Shape{4}, {1, std::numeric_limits<float>::quiet_NaN(), 3.5F, 0});
  const CheckpointComparison c = compare_checkpoints(sample(), b);
  REQUIRE(c.differing.size() == 1);
  CHECK(c.differing[0].max_abs == std::numeric_limits<double>::infinity());
}

TEST_CASE("compare: other meta alone leaves the tensors equal") {
  Checkpoint b = sample();
  b.meta["step"] = 13;
  const CheckpointComparison c = compare_checkpoints(sample(), b);
  CHECK(c.equal());
  CHECK(c.meta.size() == 1);
}

TEST_CASE("convert: to safetensors and back changes nothing") {
  const test::TempFolder folder;
  write_checkpoint(folder / "a.cfk", sample());
  convert_file(folder / "a.cfk", folder / "b.safetensors");
  const SafeTensors between = read_safetensors(folder / "b.safetensors");
  CHECK(between.tensors.size() == 3);
  CHECK(between.metadata.at("cfrun.meta") == sample().meta.dump());
  convert_file(folder / "b.safetensors", folder / "c.cfk");
  const CheckpointComparison c = compare_checkpoints(read_checkpoint(folder / "c.cfk"), sample());
  CHECK(c.equal());
  CHECK(c.meta.empty());
}

TEST_CASE("convert: foreign metadata survives, weights alone are kept on request") {
  const test::TempFolder folder;
  SafeTensors foreign = to_safetensors(sample());
  foreign.metadata = {{"format", "pt"}};
  write_safetensors(folder / "a.safetensors", foreign);
  convert_file(folder / "a.safetensors", folder / "b.cfk");
  CHECK(read_checkpoint(folder / "b.cfk").meta.dump() == R"({"safetensors":{"format":"pt"}})");
  convert_file(folder / "b.cfk", folder / "c.safetensors", {.weights_only = true});
  const SafeTensors back = read_safetensors(folder / "c.safetensors");
  CHECK(back.metadata == foreign.metadata);
  REQUIRE(back.tensors.size() == 2);
  CHECK(back.tensors[0].first == "model.weight");
}

TEST_CASE("convert: what cannot be converted says why and writes nothing") {
  const test::TempFolder folder;
  write_checkpoint(folder / "a.cfk", sample());
  CHECK(contains(error_of([&] { convert_file(folder / "a.cfk", folder / "b.pth"); }), ".pth"));
  CHECK(contains(error_of([&] { convert_file(folder / "absent.cfk", folder / "b.cfk"); }), "absent.cfk"));
  SafeTensors bad = to_safetensors(sample());
  bad.metadata["cfrun.meta"] = "{";
  write_safetensors(folder / "bad.safetensors", bad);
  CHECK(contains(error_of([&] { convert_file(folder / "bad.safetensors", folder / "b.cfk"); }), "cfrun.meta"));
  Checkpoint nameless;
  write_checkpoint(folder / "none.cfk", nameless);
  CHECK(contains(error_of([&] { convert_file(folder / "none.cfk", folder / "b.cfk", {.weights_only = true}); }), "model."));
  CHECK(folder.entries() == 3);
}

}  // namespace
}  // namespace cf
