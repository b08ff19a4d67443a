// What every network of the table must do, and FusionNet.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "framework/autograd/engine.h"
#include "framework/gradcheck/run.h"
#include "models/gradcheck_cases.h"
#include "models/registry.h"
#include "models/summary.h"
#include "tests/models/helpers.h"

using namespace cf;
using test::random_input;

namespace {

ModelConfig named(const std::string& name) {
  ModelConfig c;
  c.name = name;
  return c;
}

}  // namespace

TEST_CASE("an unknown network is an error that lists the known ones") {
  ParamStore store;
  CHECK_THROWS_WITH_AS(make_model(named("pnn"), store, 1), doctest::Contains("'pnn'"), Error);
  CHECK_THROWS_WITH_AS(make_model(named("pnn"), store, 1), doctest::Contains("cf2n, fusionnet, ssdiff"), Error);
}

TEST_CASE("gradients of networks agree with finite differences") {
  for (const GradCase& c : network_cases()) {
    for (const DType dtype : {DType::f64, DType::f32}) {
      CAPTURE(c.name);
      const GradCheckResult r = check_gradient(c, {.dtype = dtype, .directions = c.name == "ssdiff" ? 1 : 3});
      CHECK_MESSAGE(r.passed, r.message);
    }
  }
}

TEST_CASE("a wrong gradient of any operator of CF2N makes its case fail") {
  for (const char* name : {"conv2d", "laconv", "haar_dwt", "haar_iwt", "gated_blend", "channel_max_mean", "high_pass", "max"}) {
    CAPTURE(name);
    const BackwardFault fault(name, 1.001);
    CHECK_FALSE(check_gradient(network_cases().front(), {.explain = false}).passed);
  }
}

TEST_CASE("every network has a gradient case") {
  std::set<std::string> covered;
  for (const GradCase& c : network_cases()) covered.insert(c.name.substr(0, c.name.find('.')));
  for (const std::string& name : model_names()) {
    CAPTURE(name);
    CHECK(covered.contains(name));
  }
}

TEST_CASE("every network starts from the seed alone, and its parameters are packed") {
  for (const std::string& name : model_names()) {
    CAPTURE(name);
    ParamStore first;
    ParamStore again;
    ParamStore other;
    const auto a = make_model(named(name), first, 5);
    const auto b = make_model(named(name), again, 5);
    const auto c = make_model(named(name), other, 6);
    CHECK(first.flat().to_vector<float>() == again.flat().to_vector<float>());
    CHECK(first.flat().to_vector<float>() != other.flat().to_vector<float>());
    CHECK_THROWS_AS(make_model(named(name), first, 5), Error);
  }
}

TEST_CASE("FusionNet has the published parameters and returns LMS untrained") {
  ParamStore store;
  const auto model = make_model(named("fusionnet"), store, 1);
  // The published state dict lists the 73,984 parameters of the blocks twice, under a second name: 152,616 entries.
  CHECK(store.parameter_count() == 152616 - 73984);
  CHECK(store.params().front().first == "conv1.weight");
  CHECK(store.at("res4.conv21.weight").shape() == Shape{32, 3, 3, 32});
  CHECK(store.at("conv3.weight").shape() == Shape{8, 3, 3, 32});
  const FusionInput input = random_input(model->config(), 1, 7, 9);
  const FusionOutput out = model->forward(input);
  CHECK(out.fused.to_vector<float>() == input.lms.to_vector<float>());
  CHECK_FALSE(out.detail.defined());
}

TEST_CASE("FusionNet takes the mean of several PAN bands") {
  ModelConfig config = named("fusionnet");
  config.bands = 3;
  config.fusionnet = {8, 2};
  ParamStore store;
  const auto model = make_model(config, store, 1);
  config.pan_bands = 2;
  ParamStore store_of_two;
  const auto model_of_two = make_model(config, store_of_two, 1);
  test::perturb(store);
  test::perturb(store_of_two);
  const Tensor lms = test::random_image({1, 6, 5, 3}, 1, DType::f32);
  const FusionOutput one = model->forward({Tensor::full({1, 6, 5, 1}, 0.5), lms, {}});
  const FusionOutput two = model_of_two->forward({Tensor::full({1, 6, 5, 2}, 0.5), lms, {}});
  CHECK(one.fused.to_vector<float>() == two.fused.to_vector<float>());
}

TEST_CASE("the summary counts CF2N: 1,573 MMAC and 474,974 parameters for 64 x 64") {
  ParamStore store;
  const auto model = make_model(named("cf2n"), store, 1);
  const ModelSummary s = summarize(*model, store, 1, 64, 64);
  CHECK(s.parameters == 474974);
  std::int64_t listed = 0;
  for (const LayerSummary& layer : s.layers) listed += layer.parameters;
  CHECK(listed == s.parameters);
  CHECK(s.macs > 1572500000);
  CHECK(s.macs < 1573500000);
  CHECK(s.parameter_bytes == 474974 * 4);
  // At least the input of the last convolution, twice, and its result.
  CHECK(s.forward_bytes > 3 * 64 * 64 * 32 * 4);
  CHECK(s.training_bytes > 5 * s.forward_bytes);
  const std::string table = summary_table(s);
  CHECK(table.find("fscf0.sda.fuse.gate") != std::string::npos);
  CHECK(table.find("474,974") != std::string::npos);
  CHECK(table.find("1573.1") != std::string::npos);
  const auto gradients = store.flat_grad().span<float>();
  CHECK(std::all_of(gradients.begin(), gradients.end(), [](float g) { return g == 0; }));
}

TEST_CASE("MACs grow with the batch and the image") {
  ModelConfig config = named("fusionnet");
  config.fusionnet = {8, 1};
  ParamStore store;
  const auto model = make_model(config, store, 1);
  // 3 x 3 convolutions 8 -> 8, four of them.
  CHECK(summarize(*model, store, 2, 6, 5).macs == 2 * 6 * 5 * 9 * 8 * 8 * 4);
}
