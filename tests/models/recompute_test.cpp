// model.recompute: the same numbers in less memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"
#include "framework/core/allocator.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/loss.h"
#include "models/registry.h"
#include "models/summary.h"
#include "tests/models/helpers.h"

using namespace cf;

namespace {

ModelConfig small(const std::string& name, bool recompute) {
  ModelConfig c;
  c.name = name;
  c.recompute = recompute;
  c.bands = 4;
  c.cf2n = {8, 3, 3};
  c.fusionnet = {8, 8};
  c.ssdiff = {.dim = 16, .head_dim = 8, .groups = 8};
  return c;
}

struct Step {
  std::vector<float> prediction;
  std::vector<float> gradients;
  std::vector<float> statistics;      // running ones, afterwards
  std::map<std::string, int> finals;  // by parameter, how often its gradient was said to be final
  std::size_t peak_bytes = 0;         // above what was live before
};

// Two training steps without an update: the second adds to the gradients of the first.
Step train(const ModelConfig& config, const NetworkOptions& options) {
  ParamStore store;
  const auto model = make_model(config, store, 1);
  test::perturb(store);
  Step step;
  for (const auto& [name, value] : store.params()) value.impl()->leaf->on_final = [&step, name = name] { ++step.finals[name]; };
  const FusionInput input = test::random_patches(config, 2, 32);
  const Tensor gt = test::random_image({2, 32, 32, config.bands}, 7, DType::f32);
  for (const std::int64_t number : {1, 2}) {
    const std::size_t before = cpu_allocator().stats().live_bytes;
    cpu_allocator().reset_peak();
    const TrainingOutput out = model->train(input, gt, model->draw(gt.shape(), {.step = number}), options);
    step.prediction = out.prediction.to_vector<float>();
    Tensor loss = ops::mse_loss(out.prediction, out.target);
    // CF2N's loss has a term for the detail as well.
    if (out.detail.defined()) loss = ops::add(loss, ops::mse_loss(out.detail, out.target));
    backward(loss);
    step.peak_bytes = cpu_allocator().stats().peak_bytes - before;
  }
  step.gradients = store.flat_grad().to_vector<float>();
  if (!store.buffers().empty()) step.statistics = store.flat_buffers().to_vector<float>();
  return step;
}

void check_same(const std::string& name, const NetworkOptions& options) {
  CAPTURE(name);
  const Step kept = train(small(name, false), options);
  const Step again = train(small(name, true), options);
  CHECK(again.prediction == kept.prediction);
  CHECK(again.gradients == kept.gradients);
  CHECK(again.statistics == kept.statistics);
  // A parameter of a recomputed block is said to be final even where a resting branch gives it no gradient.
  CHECK(std::includes(again.finals.begin(), again.finals.end(), kept.finals.begin(), kept.finals.end()));
  CHECK(std::all_of(again.finals.begin(), again.finals.end(), [](const auto& f) { return f.second == 2; }));
  CHECK(std::any_of(kept.gradients.begin(), kept.gradients.end(), [](float g) { return g != 0; }));
  MESSAGE(name << ": peak bytes " << kept.peak_bytes << " kept, " << again.peak_bytes << " recomputed");
  CHECK(again.peak_bytes < kept.peak_bytes * 9 / 10);
}

}  // namespace

TEST_CASE("recomputation gives the predictions, gradients and running statistics of training without it, bit for bit") {
  for (const std::string& name : model_names()) {
    check_same(name, {.batch_statistics = true});
    check_same(name, {.batch_statistics = false});
  }
}

TEST_CASE("recomputation knows the resting branch of the step") {
  check_same("ssdiff", {.batch_statistics = false, .detach = Branch::spatial});
  check_same("ssdiff", {.batch_statistics = false, .detach = Branch::spectral});
}

TEST_CASE("recomputation changes nothing about inference, and the summary tells what it saves") {
  for (const std::string name : {"cf2n", "fusionnet"}) {
    CAPTURE(name);
    std::vector<std::vector<float>> fused;
    std::vector<ModelSummary> summaries;
    for (const bool recompute : {false, true}) {
      const ModelConfig config = small(name, recompute);
      ParamStore store;
      const auto model = make_model(config, store, 1);
      test::perturb(store);
      const NoGrad guard;
      fused.push_back(model->forward(test::random_patches(config, 1, 32)).fused.to_vector<float>());
      const EnableGrad recording;
      summaries.push_back(summarize(*model, store, 1, 32, 32));
    }
    CHECK(fused[0] == fused[1]);
    CHECK(summaries[0].forward_bytes == summaries[1].forward_bytes);
    CHECK(summaries[0].macs == summaries[1].macs);
    CHECK(summaries[0].layers.size() == summaries[1].layers.size());
    CHECK(summaries[1].training_bytes < summaries[0].training_bytes * 9 / 10);
  }
}
