#include "models/ssdiff/network.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "framework/autograd/engine.h"
#include "framework/ops/ops.h"
#include "framework/optim/optimizer.h"
#include "models/registry.h"
#include "models/ssdiff/names.h"
#include "models/summary.h"
#include "tests/models/helpers.h"

using namespace cf;

namespace {

ModelConfig tiny(std::int64_t bands = 3) {
  ModelConfig c;
  c.name = "ssdiff";
  c.bands = bands;
  c.ssdiff = {.dim = 8, .head_dim = 8};
  return c;
}

struct Built {
  explicit Built(const ModelConfig& config, DType dtype = DType::f32) : store(dtype), model(make_model(config, store, 1)) {}
  const DenoisingModel& network() const { return dynamic_cast<const DenoisingModel&>(*model); }

  ParamStore store;
  std::unique_ptr<FusionModel> model;
};

std::int64_t parameters(std::int64_t bands) {
  ModelConfig config;
  config.name = "ssdiff";
  config.bands = bands;
  ParamStore store;
  make_model(config, store, 1);
  return store.parameter_count();
}

double largest_difference(const Tensor& a, const Tensor& b) {
  const auto x = a.to(DType::f64).to_vector<double>();
  const auto y = b.to(DType::f64).to_vector<double>();
  REQUIRE(x.size() == y.size());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x[i] - y[i]));
  return worst;
}

double largest(const Tensor& x) { return largest_difference(x, Tensor::zeros(x.shape(), x.dtype())); }

// Pixels, weights and steps of a small training run, the loss of every step. In f64: in f32 a LeakyReLU's input that rounding
// pushes across zero sets two runs apart after a dozen steps, whatever was to be compared.
std::vector<double> training_losses(FmimMethod fmim, int steps) {
  ModelConfig config = tiny();
  config.ssdiff.fmim = fmim;
  const Built built(config, DType::f64);
  const FusionInput images = test::random_patches(config, 2, 16, DType::f64);
  const Tensor gt = test::random_image(images.lms.shape(), 9, DType::f64);
  Optimizer optimizer(AdamWOptions{.weight_decay = 0}, built.store.flat(), built.store.flat_grad());
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    std::vector<Tensor> drawn = built.model->draw(gt.shape(), {.seed = 3, .step = step});
    for (Tensor& t : drawn) t = t.to(DType::f64);
    const auto out = built.model->train(images, gt, drawn);
    const Tensor loss = ops::l1_loss(out.prediction, out.target);
    built.store.zero_grad();
    backward(loss);
    optimizer.step(1e-3);
    losses.push_back(loss.item());
  }
  return losses;
}

}  // namespace

TEST_CASE("SSDiff has 1,300,024 parameters for 8 bands and 1,288,500 for 4") {
  CHECK(parameters(8) == 1300024);
  CHECK(parameters(4) == 1288500);
}

TEST_CASE("every layer of SSDiff has one published name, and the other way round") {
  const Built built(tiny());
  std::set<std::string> ours;
  std::set<std::string> theirs;
  for (const auto& [published, name] : ssdiff::layer_names()) {
    CHECK(theirs.insert(published).second);
    CHECK(ours.insert(name).second);
    CHECK(built.store.find(name + ".weight").defined());
    CHECK(ssdiff::name_of_published(published + ".weight") == name + ".weight");
  }
  for (const auto& [name, value] : built.store.state()) CHECK(ours.contains(name.substr(0, name.rfind('.'))));
  CHECK(ssdiff::name_of_published("out_layers_pan.0.running_var") == "spatial.norm.running_var");
  CHECK(ssdiff::name_of_published("fusformer3.layers.0.1.fn.fn.net.3.bias") == "fusion3.ff.out.bias");
  CHECK(ssdiff::name_of_published("resblock4.conv0.weight").empty());
  for (const char* unused :
       {"raise_ms_dim.0.weight", "down1.maxpool_conv.1.bias", "up0.up0.weight", "out_layers_lms.0.num_batches_tracked"}) {
    CHECK(ssdiff::is_published_unused(unused));
    CHECK(ssdiff::name_of_published(unused).empty());
  }
  CHECK_FALSE(ssdiff::is_published_unused("up0.up1.0.weight"));
}

TEST_CASE("every parameter of SSDiff receives a gradient once none is zero") {
  const Built built(tiny());
  test::perturb(built.store);
  const FusionInput images = test::random_patches(built.model->config(), 2, 16);
  const Tensor gt = test::random_image(images.lms.shape(), 9, DType::f32);
  const auto out = built.model->train(images, gt, built.model->draw(gt.shape(), {.seed = 1}));
  backward(ops::l1_loss(out.prediction, out.target));
  for (const auto& [name, value] : built.store.params()) {
    CAPTURE(name);
    CHECK(largest(value.grad()) > 0);
  }
}

TEST_CASE("an untrained SSDiff reads neither x_t nor the step") {
  const Built built(tiny());
  const DenoisingModel& network = built.network();
  const FusionInput images = test::random_patches(built.model->config(), 1, 16);
  const Tensor once =
      network.denoise(images, test::random_image(images.lms.shape(), 5, DType::f32), network.embed_steps({10}, DType::f32));
  const Tensor again =
      network.denoise(images, test::random_image(images.lms.shape(), 6, DType::f32), network.embed_steps({900}, DType::f32));
  CHECK(once.to_vector<float>() == again.to_vector<float>());
}

TEST_CASE("the steps of a batch may differ, and one step serves all of it") {
  const Built built(tiny());
  test::perturb(built.store);
  const DenoisingModel& network = built.network();
  const FusionInput images = test::random_patches(built.model->config(), 2, 16);
  const Tensor x_t = test::random_image(images.lms.shape(), 5, DType::f32);
  const Tensor same = network.denoise(images, x_t, network.embed_steps({400, 400}, DType::f32));
  const Tensor shared = network.denoise(images, x_t, network.embed_steps({400}, DType::f32));
  const Tensor other = network.denoise(images, x_t, network.embed_steps({400, 20}, DType::f32));
  CHECK(largest_difference(same, shared) < 1e-5 * largest(same));
  CHECK(largest_difference(ops::slice(same, 0, 0, 1), ops::slice(other, 0, 0, 1)) < 1e-5 * largest(same));
  CHECK(largest_difference(ops::slice(same, 0, 1, 2), ops::slice(other, 0, 1, 2)) > 1e-4 * largest(same));
}

TEST_CASE("layers that the branches share give in one batch what they give apart") {
  ParamStore store(DType::f64);
  const ssdiff::Down down(Scope(store, 1).child("down"), 8);
  const ssdiff::Up up(Scope(store, 1).child("up"), 16);
  const auto image = [](const Shape& s, std::uint64_t salt) {
    return test::random_image(s, salt, DType::f64).set_requires_grad();
  };
  const ssdiff::Pair skips = {image({2, 8, 4, 8}, 1), image({2, 8, 4, 8}, 2)};
  const auto batched = [&] {
    const ssdiff::Pair y = on_both(up, on_both(down, skips), skips);
    return std::vector{y.spectral, y.spatial};
  };
  const auto apart = [&] {
    return std::vector{up(down(skips.spectral), skips.spectral), up(down(skips.spatial), skips.spatial)};
  };
  const auto run = [&](const auto& layers) {
    const std::vector<Tensor> y = layers();
    backward(y, {test::random_image(y[0].shape(), 3, DType::f64), test::random_image(y[1].shape(), 4, DType::f64)});
    std::vector<Tensor> all = y;
    for (const Tensor& t : {skips.spectral, skips.spatial, down.widen.weight, up.conv.bias}) {
      all.push_back(t.grad().clone());
      t.zero_grad();
    }
    return all;
  };
  const std::vector<Tensor> one = run(batched);
  const std::vector<Tensor> two = run(apart);
  for (std::size_t i = 0; i < one.size(); ++i) {
    CAPTURE(i);
    CHECK(largest(two[i]) > 0);
    CHECK(largest_difference(one[i], two[i]) < 1e-12 * largest(two[i]));
  }
}

TEST_CASE("20 training steps with the closed form of FMIM and with Fourier transforms agree") {
  const auto closed = training_losses(FmimMethod::closed, 20);
  const auto fft = training_losses(FmimMethod::fft, 20);
  CHECK(closed.back() < closed.front());
  for (std::size_t i = 0; i < closed.size(); ++i) CHECK(std::abs(closed[i] - fft[i]) < 1e-9 * fft[i]);
}

TEST_CASE("a branch that is detached receives less: the other is trained alone where they meet") {
  const auto gradient = [](Branch detach, const char* parameter) {
    const Built built(tiny(), DType::f32);
    test::perturb(built.store);
    const FusionInput images = test::random_patches(built.model->config(), 1, 16);
    const Tensor gt = test::random_image(images.lms.shape(), 9, DType::f32);
    const auto out =
        built.model->train(images, gt, built.model->draw(gt.shape(), {}), {.batch_statistics = true, .detach = detach});
    backward(ops::l1_loss(out.prediction, out.target));
    return largest(built.store.at(parameter).grad());
  };
  for (const char* spatial : {"fusion0.sa1.weight", "fusion4.sa2.weight", "block1.out.weight", "spatial.in.weight"}) {
    CAPTURE(spatial);
    CHECK(gradient(Branch::spatial, spatial) == 0);
    CHECK(gradient(Branch::spectral, spatial) > 0);
  }
  for (const char* spectral : {"fusion0.se1.weight", "fusion3.se2.weight"}) {
    CAPTURE(spectral);
    CHECK(gradient(Branch::spectral, spectral) == 0);
    CHECK(gradient(Branch::spatial, spectral) > 0);
  }
}

TEST_CASE("evaluation leaves the running statistics alone, training moves them") {
  const Built built(tiny());
  const FusionInput images = test::random_patches(built.model->config(), 2, 16);
  const Tensor gt = test::random_image(images.lms.shape(), 9, DType::f32);
  const auto before = built.store.flat_buffers().to_vector<float>();
  built.model->train(images, gt, built.model->draw(gt.shape(), {}), {});
  CHECK(built.store.flat_buffers().to_vector<float>() == before);
  built.model->train(images, gt, built.model->draw(gt.shape(), {}));
  CHECK(built.store.flat_buffers().to_vector<float>() != before);
}

TEST_CASE("the summary counts one call of SSDiff's network") {
  const Built built(tiny());
  const auto before = built.store.flat_buffers().to_vector<float>();
  const ModelSummary s = summarize(*built.model, built.store, 2, 32, 32);
  CHECK(s.parameters == built.store.parameter_count());
  std::int64_t listed = 0;
  std::int64_t attention = 0;
  for (const LayerSummary& layer : s.layers) {
    listed += layer.parameters;
    if (layer.op == "attention") attention += layer.macs;
  }
  CHECK(listed == s.parameters);
  // Two images, two products of 1024 tokens and 8 channels at levels 0 and 4, 256 and 16 at 1 and 3, 64 and 32 at 2.
  CHECK(attention == 2 * 2 * (2 * 1024 * 1024 * 8 + 2 * 256 * 256 * 16 + 64 * 64 * 32));
  CHECK(built.store.flat_buffers().to_vector<float>() == before);
}

TEST_CASE("SSDiff refuses what it cannot compute") {
  const auto refuses = [](const SsdiffConfig& size, const char* what) {
    ModelConfig config = tiny();
    config.ssdiff = size;
    ParamStore store;
    CHECK_THROWS_WITH_AS(make_model(config, store, 1), doctest::Contains(what), Error);
  };
  refuses({.dim = 12}, "model.ssdiff.dim is 12");
  refuses({.dim = 24, .head_dim = 8}, "model.ssdiff.dim is 24");
  refuses({.dim = 48},
          "model.ssdiff.dim is 48, and 48 features of one of its levels do not divide into model.ssdiff.groups = 32");
  refuses({.dim = 24, .head_dim = 8}, "take 8 groups");
  refuses({.dim = 32, .groups = 5}, "take 1 groups");
  refuses({.dim = 32, .head_dim = 5}, "must divide dim");

  ModelConfig fitting = tiny();
  fitting.ssdiff = {.dim = 24, .head_dim = 8, .groups = 8};
  ParamStore store;
  CHECK(make_model(fitting, store, 1)->config().ssdiff.groups == 8);

  const Built built(tiny());
  const DenoisingModel& network = built.network();
  const Tensor time = network.embed_steps({1}, DType::f32);
  const FusionInput odd = test::random_patches(built.model->config(), 1, 24);
  CHECK_THROWS_WITH_AS(network.denoise(odd, odd.lms, time), doctest::Contains("multiples of 16"), Error);
  CHECK_THROWS_WITH_AS(built.model->train(odd, odd.lms, {}), doctest::Contains("multiples of 16"), Error);
  FusionInput images = test::random_patches(built.model->config(), 2, 16);
  CHECK_THROWS_WITH_AS(network.denoise(images, odd.lms, time), doctest::Contains("noisy residual"), Error);
  CHECK_THROWS_WITH_AS(network.denoise(images, images.lms, network.embed_steps({1, 2, 3}, DType::f32)),
                       doctest::Contains("one row for each of 2 tiles"), Error);
  CHECK_THROWS_WITH_AS(built.model->train(images, odd.lms, {}), doctest::Contains("GT"), Error);
  CHECK_THROWS_WITH_AS(built.model->train(images, images.lms, {}), doctest::Contains("draw()"), Error);
  images.ms = {};
  CHECK_THROWS_WITH_AS(network.denoise(images, images.lms, time), doctest::Contains("MS"), Error);
}
