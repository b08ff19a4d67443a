// Weights under published names, in PyTorch's order of dimensions.
#include "models/import.h"

#include <doctest/doctest.h>

#include <memory>

#include "framework/io/files.h"
#include "framework/io/torch_file.h"
#include "framework/ops/layout.h"
#include "models/registry.h"
#include "models/ssdiff/names.h"
#include "tests/harness/temp_folder.h"
#include "tests/harness/torch_writer.h"
#include "tests/models/helpers.h"

namespace cf {
namespace {

using test::contains;
using test::error_of;

ModelConfig small(const std::string& name) {
  ModelConfig config;
  config.name = name;
  config.bands = 4;
  config.cf2n = {.channels = 4, .kernel = 3, .stages = 1};
  config.fusionnet = {.channels = 4, .blocks = 2};
  config.ssdiff.dim = 8;
  config.ssdiff.head_dim = 8;
  return config;
}

struct Network {
  ParamStore params;
  std::unique_ptr<FusionModel> model;

  explicit Network(const std::string& name, std::uint64_t seed = 1) : model(make_model(small(name), params, seed)) {}
};

// As PyTorch has it: (out, height, width, in) -> (out, in, height, width).
Tensor published_order(const Tensor& t) { return t.rank() == 4 ? ops::permute(t.detach(), {0, 3, 1, 2}) : t.detach(); }

// What another program would have saved of the network, names changed by `rename`.
template <class Rename>
NamedTensors published(const Network& network, Rename&& rename) {
  NamedTensors tensors;
  for (const auto& [name, value] : network.params.state()) tensors.emplace_back(rename(name), published_order(value));
  return tensors;
}

std::string same(const std::string& name) { return name; }

std::string published_ssdiff_name(const std::string& name) {
  for (const auto& [theirs, ours] : ssdiff::layer_names()) {
    if (name.starts_with(ours + ".") && name.find('.', ours.size() + 1) == std::string::npos)
      return theirs + name.substr(ours.size());
  }
  return {};
}

// Through a file.
std::vector<std::string> import(const std::string& network, const ParamStore& params, const NamedTensors& tensors) {
  const test::TempFolder folder;
  write_file(folder / "a.pth", test::torch_state_dict(tensors));
  return import_weights(network, params, read_torch(folder / "a.pth").tensors, "a.pth");
}

void check_equal(const Network& a, const Network& b) {
  const auto state_a = a.params.state();
  const auto state_b = b.params.state();
  REQUIRE(state_a.size() == state_b.size());
  for (std::size_t i = 0; i < state_a.size(); ++i) {
    const bool equal = state_a[i].second.to_vector<float>() == state_b[i].second.to_vector<float>();
    CHECK_MESSAGE(equal, state_a[i].first);
  }
}

TEST_CASE("import: names that are ours") {
  for (const char* name : {"cf2n", "fusionnet", "ssdiff"}) {
    const Network source(name);
    test::perturb(source.params);
    const Network target(name, 2);
    const auto notes = import(name, target.params, published(source, same));
    REQUIRE(notes.size() == 1);
    CHECK(contains(notes[0], std::to_string(source.params.state().size()) + " tensors of " + name));
    check_equal(source, target);
  }
}

TEST_CASE("import: FusionNet lists its blocks twice") {
  const Network source("fusionnet");
  test::perturb(source.params);
  NamedTensors tensors = published(source, same);
  const NamedTensors once = tensors;
  for (const auto& [name, value] : once) {
    if (name.starts_with("res")) tensors.emplace_back("backbone." + std::to_string(name[3] - '1') + name.substr(4), value);
  }
  const Network target("fusionnet", 2);
  const auto notes = import("fusionnet", target.params, tensors);
  REQUIRE(notes.size() == 2);
  CHECK(contains(notes[1], "8 tensors stand there twice"));
  check_equal(source, target);
  // The second list alone will do.
  std::erase_if(tensors, [](const auto& t) { return t.first.starts_with("res"); });
  const Network other("fusionnet", 3);
  import("fusionnet", other.params, tensors);
  check_equal(source, other);
}

TEST_CASE("import: one parameter under two names with two values") {
  const Network source("fusionnet");
  NamedTensors tensors = published(source, same);
  tensors.emplace_back("backbone.0.conv20.bias", Tensor::full({4}, 5));
  const Network target("fusionnet", 2);
  const std::string message = error_of([&] { import("fusionnet", target.params, tensors); });
  CHECK(contains(message, "backbone.0.conv20.bias (another value of res1.conv20.bias)"));
}

TEST_CASE("import: SSDiff's published names") {
  const Network source("ssdiff");
  test::perturb(source.params);
  NamedTensors tensors = published(source, published_ssdiff_name);
  for (const auto& [name, value] : tensors) REQUIRE(!name.empty());
  const std::vector<std::string> unused = {"raise_ms_dim.0.weight", "conv_x_t.bias", "down0.maxpool_conv.1.weight",
                                           "up1.up0.0.bias", "out_layers_pan.0.num_batches_tracked"};
  for (const std::string& name : unused) tensors.emplace_back(name, Tensor::zeros({1}));
  const Network target("ssdiff", 2);
  const auto notes = import("ssdiff", target.params, tensors);
  REQUIRE(notes.size() == 2);
  CHECK(contains(notes[1], "5 tensors skipped"));
  for (const std::string& name : unused) CHECK_MESSAGE(contains(notes[1], name), name);
  check_equal(source, target);
}

TEST_CASE("import: all that does not fit is listed, and nothing is changed") {
  const Network source("fusionnet");
  NamedTensors tensors = published(source, same);
  std::erase_if(tensors, [](const auto& t) { return t.first == "conv3.bias"; });
  for (auto& [name, value] : tensors) {
    if (name == "conv1.weight") value = Tensor::zeros({4, 8, 3, 3});
    if (name == "res1.conv20.bias") value = Tensor::zeros({5});
  }
  tensors.emplace_back("backbone.7.conv20.weight", Tensor::zeros({4, 4, 3, 3}));
  tensors.emplace_back("attention.weight", Tensor::zeros({4}));
  const Network target("fusionnet", 2);
  const Network untouched("fusionnet", 2);
  const std::string message = error_of([&] { import("fusionnet", target.params, tensors); });
  INFO(message);
  for (const char* part : {"a.pth", "fusionnet", "1 missing", "conv3.bias", "2 unexpected", "attention.weight",
                           "res8.conv20.weight", "2 of another shape",
                           "conv1.weight: f32 (4, 3, 3, 8) in the file, f32 (4, 3, 3, 4) wanted", "res1.conv20.bias: f32 (5)"}) {
    CHECK_MESSAGE(contains(message, part), part);
  }
  check_equal(target, untouched);
}

TEST_CASE("import: other floating types") {
  const Network source("fusionnet");
  NamedTensors tensors = published(source, same);
  for (auto& [name, value] : tensors) value = value.to(name == "conv1.bias" ? DType::bf16 : DType::f64);
  const Network target("fusionnet", 2);
  import_weights("fusionnet", target.params, tensors, "x");
  check_equal(source, target);
}

}  // namespace
}  // namespace cf
