// What lets a network fuse an image in parts: how far it sees, and statistics that are given instead of pooled.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "framework/autograd/record.h"
#include "models/pooling_model.h"
#include "models/registry.h"
#include "tests/models/helpers.h"

using namespace cf;
using test::random_image;
using test::random_input;

namespace {

struct Network {
  explicit Network(const ModelConfig& c) : config(c), model(make_model(c, store, 1)) { test::perturb(store); }

  const PoolingModel& pooling() const { return dynamic_cast<const PoolingModel&>(*model); }

  ModelConfig config;
  ParamStore store;
  std::unique_ptr<FusionModel> model;
};

ModelConfig cf2n(std::int64_t kernel = 3, std::int64_t stages = 2) {
  ModelConfig c;
  c.bands = 3;
  c.cf2n = {4, kernel, stages};
  return c;
}

ModelConfig fusionnet(std::int64_t blocks) {
  ModelConfig c;
  c.name = "fusionnet";
  c.bands = 3;
  c.fusionnet = {4, blocks};
  return c;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.span<float>().size(); ++i) {
    largest = std::max(largest, static_cast<double>(std::abs(a.span<float>()[i] - b.span<float>()[i])));
  }
  return largest;
}

// Whether the result in a row of an image changes when all rows at distances [first, last] change. In f64: far pixels matter
// little.
bool sees(const Network& network, std::int64_t row, std::int64_t first, std::int64_t last) {
  constexpr std::int64_t kHeight = 110;
  constexpr std::int64_t kWidth = 6;
  ParamStore store(DType::f64);
  const auto model = make_model(network.config, store, 1);
  for (std::size_t i = 0; i < store.params().size(); ++i) {
    store.params()[i].second.copy_from(network.store.params()[i].second.to(DType::f64));
  }
  const NoGrad no_grad;
  const auto neutral = [&](std::size_t) { return Tensor::full({1, 1, 1, network.config.cf2n.channels}, 1, DType::f64); };
  const auto result = [&](const FusionInput& input) {
    const auto* pooling = dynamic_cast<const PoolingModel*>(model.get());
    const Tensor fused = pooling != nullptr ? pooling->forward_pooled(input, neutral).fused : model->forward(input).fused;
    const auto n = static_cast<std::size_t>(kWidth * network.config.bands);
    const auto values = fused.span<double>().subspan(static_cast<std::size_t>(row) * n, n);
    return std::vector<double>(values.begin(), values.end());
  };
  const FusionInput input = random_input(network.config, 1, kHeight, kWidth, DType::f64);
  const auto before = result(input);
  for (std::int64_t r = 0; r < kHeight; ++r) {
    if (std::abs(r - row) < first || std::abs(r - row) > last) continue;
    for (const Tensor* t : {&input.pan, &input.lms}) {
      const auto n = static_cast<std::size_t>(kWidth * t->dim(3));
      for (double& v : t->span<double>().subspan(static_cast<std::size_t>(r) * n, n)) v = 50 - 100 * v;
    }
  }
  return result(input) != before;
}

}  // namespace

TEST_CASE("a network sees as far as it says, and no pixel farther") {
  for (const ModelConfig& config : {cf2n(), cf2n(3, 1), cf2n(5, 1), fusionnet(0), fusionnet(4)}) {
    const Network network(config);
    const std::int64_t reach = network.model->reach().value();
    CAPTURE(config.name);
    CAPTURE(reach);
    // Both rows of a Haar block.
    for (const std::int64_t row : {54, 55}) CHECK_FALSE(sees(network, row, reach + 1, 110));
    // Through more stages the farthest pixel matters less than f64 resolves.
    if (config.name == "cf2n" && config.cf2n.stages > 1) continue;
    CHECK((sees(network, 54, reach, reach) || sees(network, 55, reach, reach)));
  }
  const Network published(ModelConfig{});
  CHECK(published.model->reach() == 40);
}

TEST_CASE("statistics pooled where all pixels are valid are those that the network pools itself") {
  const Network network(cf2n());
  const NoGrad no_grad;
  const FusionInput input = random_input(network.config, 2, 24, 20);
  const auto pooled = network.pooling().pool(input.lms, Tensor::full({2, 24, 20, 1}, 1));
  REQUIRE(pooled.size() == network.pooling().pooled_stages());
  CHECK(pooled[0].shape() == Shape{2, 1, 1, network.pooling().pooled_channels()});
  const Tensor given = network.pooling().forward_pooled(input, [&](std::size_t i) { return pooled[i]; }).fused;
  CHECK(largest_difference(given, network.model->forward(input).fused) < 1e-5);
}

TEST_CASE("pixels that are not valid do not count") {
  const Network network(cf2n());
  const NoGrad no_grad;
  const Tensor lms = random_image({1, 40, 40, 3}, 2, DType::f32);
  const Tensor valid = Tensor::full({1, 40, 40, 1}, 1);
  const Tensor other = lms.clone();
  const auto pool = [&](const Tensor& image) { return network.pooling().pool(image, valid); };
  const auto all = pool(lms);
  const std::int64_t reach = network.pooling().pooled_reach();
  for (std::int64_t row = 10; row < 36; ++row) {
    for (std::int64_t col = 4; col < 30; ++col) {
      const auto pixel = static_cast<std::size_t>(row * 40 + col);
      valid.span<float>()[pixel] = 0;
      if (row < 10 + reach || row >= 36 - reach || col < 4 + reach || col >= 30 - reach) continue;
      for (std::size_t b = 0; b < 3; ++b) other.span<float>()[pixel * 3 + b] = 1000;
    }
  }
  const auto masked = pool(lms);
  const auto garbled = pool(other);
  for (std::size_t i = 0; i < masked.size(); ++i) {
    CHECK(largest_difference(masked[i], garbled[i]) == 0);
    CHECK(largest_difference(masked[i], all[i]) > 0);
  }
}

TEST_CASE("a mask that does not fit is refused") {
  const Network network(cf2n());
  const Tensor lms = random_image({1, 8, 8, 3}, 2, DType::f32);
  const auto pool = [&](const Tensor& image, const Tensor& valid) { return network.pooling().pool(image, valid); };
  CHECK_THROWS_WITH_AS(pool(lms, Tensor::full({1, 8, 6, 1}, 1)), doctest::Contains("mask of statistics must be (1, 8, 8, 1)"),
                       Error);
  CHECK_THROWS_WITH_AS(pool(random_image({1, 8, 8, 2}, 2, DType::f32), Tensor::full({1, 8, 8, 1}, 1)),
                       doctest::Contains("pooled from LMS (N, H, W, 3)"), Error);
}
