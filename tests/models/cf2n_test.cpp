#include "models/cf2n/cf2n.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "framework/autograd/record.h"
#include "models/registry.h"
#include "tests/models/helpers.h"

using namespace cf;
using test::random_input;

namespace {

ModelConfig small(std::int64_t bands) {
  ModelConfig c;
  c.bands = bands;
  c.cf2n = {8, 3, 2};
  return c;
}

// The shapes of a convolution's parameters, appended.
void add_conv(std::vector<std::string>& list, const std::string& name, std::int64_t in, std::int64_t out,
              std::int64_t kernel = 3) {
  list.push_back(name + ".weight " + Shape{out, kernel, kernel, in}.str());
  list.push_back(name + ".bias " + Shape{out}.str());
}

void add_block(std::vector<std::string>& list, const std::string& name, std::int64_t in, std::int64_t out) {
  add_conv(list, name + ".in", in, out);
  add_conv(list, name + ".body0", out, out);
  add_conv(list, name + ".body1", out, out);
}

// Names and shapes of the network with one PAN band, in order, from its description.
std::vector<std::string> expected_parameters(std::int64_t bands, const Cf2nConfig& size) {
  const auto& [c, k, n] = size;
  std::vector<std::string> list;
  add_block(list, "head_pan", 1, c);
  add_block(list, "head_ms", bands, c);
  for (const char* part : {"fuse_ll", "fuse_hl", "fuse_lh", "fuse_hh", "refine_hl", "refine_lh"}) {
    add_conv(list, std::string("fd2r.") + part + ".gate", 2 * c, c);
  }
  add_conv(list, "fd2r.detail", c, bands);
  add_conv(list, "fd2r.encode", bands, c);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::string stage = "fscf" + std::to_string(i);
    const std::string injection = "mdi" + std::to_string(i);
    const bool last = i == n - 1;
    add_block(list, stage + ".fda.rb", c, c);
    add_conv(list, stage + ".fda.kernel", 2, k * k);
    add_conv(list, stage + ".sda.conv", c, c);
    add_conv(list, stage + ".sda.fuse.gate", 2 * c, c, 1);
    add_conv(list, stage + ".fsm.conv0", c, c / 2);
    add_conv(list, stage + ".fsm.conv1", c / 2, c / 2);
    add_conv(list, stage + ".fsm.squeeze", 2, 2, 7);
    add_conv(list, stage + ".fsm.fuse.gate", c, c / 2);
    add_conv(list, stage + ".fsm.kernel", c / 2, k * k, 1);
    add_conv(list, stage + ".fsm.gate", c / 2, c, 1);
    add_conv(list, stage + ".mid", c, c, k);
    add_conv(list, stage + ".out", c, last ? bands : c, k);
    if (last) continue;
    add_block(list, injection + ".pan", 1, c);
    add_block(list, injection + ".ms", bands, c);
    add_conv(list, injection + ".fuse.gate", 2 * c, c);
  }
  return list;
}

}  // namespace

TEST_CASE("CF2N has the described parameters: 474,974 of them for 8 bands") {
  ModelConfig config;
  for (const std::int64_t bands : {8, 4, 5}) {
    for (const Cf2nConfig size : {Cf2nConfig{}, Cf2nConfig{16, 5, 2}, Cf2nConfig{8, 1, 1}}) {
      config.bands = bands;
      config.cf2n = size;
      ParamStore store;
      make_model(config, store, 1);
      std::vector<std::string> got;
      for (const auto& [name, value] : store.params()) got.push_back(name + " " + value.shape().str());
      CHECK(got == expected_parameters(bands, size));
    }
  }
  config = {};
  ParamStore store;
  make_model(config, store, 1);
  CHECK(store.parameter_count() == 474974);
}

TEST_CASE("an untrained CF2N returns LMS exactly") {
  ParamStore store;
  const auto model = make_model(small(8), store, 1);
  const FusionInput input = random_input(model->config(), 2, 16, 12);
  const FusionOutput out = model->forward(input);
  CHECK(out.fused.to_vector<float>() == input.lms.to_vector<float>());
  const auto detail = out.detail.to_vector<float>();
  CHECK(std::any_of(detail.begin(), detail.end(), [](float d) { return d != 0; }));
}

TEST_CASE("CF2N takes any even size and any number of bands") {
  for (const std::int64_t bands : {4, 8, 5, 1}) {
    for (const std::int64_t pan_bands : {1, 2}) {
      ModelConfig config = small(bands);
      config.pan_bands = pan_bands;
      ParamStore store;
      const auto model = make_model(config, store, 1);
      const FusionOutput out = model->forward(random_input(config, 2, 10, 14));
      CHECK(out.fused.shape() == Shape{2, 10, 14, bands});
      CHECK(out.detail.shape() == Shape{2, 10, 14, bands});
    }
  }
}

TEST_CASE("an image of a batch is fused as it is alone") {
  ParamStore store;
  const auto model = make_model(small(3), store, 1);
  test::perturb(store);
  const NoGrad no_grad;
  const FusionInput input = random_input(model->config(), 2, 12, 10);
  const auto both = model->forward(input).fused.to_vector<float>();
  const auto part = [](const Tensor& t, std::int64_t i) {
    return Tensor::window(t.storage(), i * t.numel() / 2, {1, t.dim(1), t.dim(2), t.dim(3)}, t.dtype());
  };
  for (const std::int64_t i : {0, 1}) {
    const auto alone = model->forward({part(input.pan, i), part(input.lms, i), {}}).fused.to_vector<float>();
    for (std::size_t p = 0; p < alone.size(); ++p) {
      CHECK(alone[p] == doctest::Approx(both[static_cast<std::size_t>(i) * alone.size() + p]).epsilon(1e-5));
    }
  }
}

TEST_CASE("CF2N refuses what it cannot compute") {
  ModelConfig config = small(4);
  ParamStore store;
  const auto model = make_model(config, store, 1);
  CHECK_THROWS_WITH_AS(model->forward(random_input(config, 1, 9, 8)), doctest::Contains("multiples of 2"), Error);
  FusionInput input = random_input(config, 1, 8, 8);
  input.lms = Tensor::full({1, 8, 8, 3}, 0.5);
  CHECK_THROWS_WITH_AS(model->forward(input), doctest::Contains("expected (1, 8, 8, 4)"), Error);
  input = random_input(config, 1, 8, 8);
  input.ms = Tensor::full({1, 3, 3, 4}, 0.5);
  CHECK_THROWS_WITH_AS(model->forward(input), doctest::Contains("expected (1, 2, 2, 4)"), Error);
  CHECK_THROWS_WITH_AS(model->forward({}), doctest::Contains("PAN"), Error);

  const auto refuses = [&](Cf2nConfig size, const char* what) {
    config.cf2n = size;
    ParamStore fresh;
    CHECK_THROWS_WITH_AS(make_model(config, fresh, 1), doctest::Contains(what), Error);
  };
  refuses({7, 3, 2}, "channels");
  refuses({8, 2, 2}, "kernel");
  refuses({8, 3, 0}, "stages");
}
