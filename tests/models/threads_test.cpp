// The number of threads decides how sums are cut, so that it moves results by their rounding and no more.
#include <doctest/doctest.h>

#include "framework/autograd/engine.h"
#include "framework/core/parallel.h"
#include "framework/ops/loss.h"
#include "models/registry.h"
#include "tests/harness/compare.h"
#include "tests/models/helpers.h"

using namespace cf;

namespace {

struct Result {
  Tensor prediction;
  Tensor gradient;  // of all parameters
};

Result compute(const ModelConfig& config, int threads) {
  set_threads(threads);
  ParamStore store;
  const auto model = make_model(config, store, 1);
  test::perturb(store);
  const FusionInput input = test::random_patches(config, 2, 48);
  const Tensor target = test::random_image({2, 48, 48, config.bands}, 9, DType::f32);
  const TrainingOutput output = model->train(input, target, model->draw(target.shape(), {}), {.batch_statistics = true});
  store.zero_grad();
  backward(ops::l1_loss(output.prediction, output.target));
  return {output.prediction.detach(), store.flat_grad().clone()};
}

}  // namespace

TEST_CASE("networks do not depend on the number of threads, but for rounding") {
  const int before = max_threads();
  for (const char* name : {"cf2n", "fusionnet", "ssdiff"}) {
    CAPTURE(name);
    ModelConfig config;
    config.name = name;
    config.bands = 3;
    config.cf2n.channels = 8;
    config.ssdiff = {.dim = 16, .head_dim = 16};
    const Result one = compute(config, 1);
    for (const int threads : {2, 3}) {
      CAPTURE(threads);
      const Result more = compute(config, threads);
      CHECK(test::relative_error(more.prediction, one.prediction) <= 1e-6);
      CHECK(test::relative_error(more.gradient, one.gradient) <= 1e-5);
    }
  }
  set_threads(before);
}
