// The sampling of tiles as recorded work, on an emulated device.
#ifdef CF_EMULATED
#include <doctest/doctest.h>

#include <limits>

#include "framework/nn/param_store.h"
#include "kernels/cuda/emulator/fake_gpu.h"
#include "models/denoising_model.h"
#include "models/registry.h"
#include "tests/harness/temp_folder.h"
#include "tests/models/helpers.h"

namespace cf::test {
namespace {

using emulator::FakeGpu;

constexpr Device kGpu{Device::Kind::cuda, 0};

// A small SSDiff whose output is not zero.
struct Network {
  ParamStore store{DType::f32, kGpu};
  std::unique_ptr<FusionModel> model;

  Network() {
    ModelConfig config;
    config.name = "ssdiff";
    config.bands = 2;
    config.ssdiff.dim = 8;
    config.ssdiff.head_dim = 8;
    model = make_model(config, store, 1);
    const Tensor flat = store.flat().to(Device{});
    const Philox rng = make_rng(5, RngStream::test);
    std::uint64_t i = 0;
    for (float& v : flat.span<float>()) v += 0.02F * static_cast<float>(rng.normal(i++));
    store.flat().copy_from(flat);
  }
  const DenoisingModel& denoiser() const { return dynamic_cast<const DenoisingModel&>(*model); }
};

FusionInput images(std::uint64_t salt) {
  return {random_image({1, 32, 32, 1}, salt, DType::f32).to(kGpu), random_image({1, 32, 32, 2}, salt + 1, DType::f32).to(kGpu),
          random_image({1, 8, 8, 2}, salt + 2, DType::f32).to(kGpu)};
}

// Four tiles, so that the second batch is filled up.
SamplingOptions options(double eta) {
  SamplingOptions o;
  o.sampler.steps = 2;
  o.sampler.eta = eta;
  o.tiles = {.size = 16, .stride = 16, .batch = 3};
  return o;
}

// With a graph that has recorded the network's work on these images.
SamplingOptions recorded(const Network& network, const FusionInput& input) {
  SamplingOptions captured = options(0);
  captured.graph = std::make_shared<SamplingGraph>();
  for (int i = 0; i < 3; ++i) network.denoiser().sample(input, captured);
  REQUIRE(captured.graph->recorded());
  return captured;
}

TEST_CASE("sampling graph: recorded and repeated, with the pixels of sampling step by step") {
  const FakeGpu gpu;
  const Network network;
  for (const double eta : {0.0, 0.5}) {
    CAPTURE(eta);
    const SamplingOptions plain = options(eta);
    SamplingOptions captured = plain;
    captured.graph = std::make_shared<SamplingGraph>();
    for (std::uint64_t image = 1; image <= 3; ++image) {
      CAPTURE(image);
      const FusionInput input = images(10 * image);
      const auto want = network.denoiser().sample(input, plain).to_vector<float>();
      CHECK(network.denoiser().sample(input, captured).to_vector<float>() == want);
      // Two batches an image; the third batch of all is recorded.
      CHECK(captured.graph->recorded() == (image >= 2));
    }
  }
}

TEST_CASE("sampling graph: another plan or shape begins anew") {
  const FakeGpu gpu;
  const Network network;
  const FusionInput input = images(1);
  SamplingOptions captured = recorded(network, input);
  captured.sampler.steps = 1;
  SamplingOptions plain = captured;
  plain.graph = nullptr;
  const auto want = network.denoiser().sample(input, plain).to_vector<float>();
  CHECK(network.denoiser().sample(input, captured).to_vector<float>() == want);
  CHECK_FALSE(captured.graph->recorded());
}

TEST_CASE("sampling graph: what is not finite is found in recorded work, too, and named") {
  const FakeGpu gpu;
  const Network network;
  const FusionInput input = images(1);
  const SamplingOptions captured = recorded(network, input);
  const Tensor flat = network.store.flat().to(Device{});
  for (float& v : flat.span<float>()) v = std::numeric_limits<float>::quiet_NaN();
  network.store.flat().copy_from(flat);
  const std::string error = error_of([&] { network.denoiser().sample(input, captured); });
  CHECK(contains(error, "at step 1 of 2"));
  CHECK(contains(error, "tile 1 of 4"));
}

}  // namespace
}  // namespace cf::test
#endif
