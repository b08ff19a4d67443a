#include <algorithm>
#include <memory>

#include "framework/autograd/engine.h"
#include "framework/nn/param_store.h"
#include "framework/ops/loss.h"
#include "framework/optim/optimizer.h"
#include "models/registry.h"
#include "tests/parity/checks.h"
#include "tests/parity/networks.h"

namespace cf::parity {

std::vector<double> gradient_errors(const std::vector<Gradient>& gradients) {
  double largest = 0;
  for (const Gradient& g : gradients) largest = std::max(largest, test::norm(g.want));
  std::vector<double> errors;
  for (const Gradient& g : gradients) {
    // What is that small stands for zero: it must be small here too, within the rounding of the largest.
    const bool zero = test::norm(g.want) < 1e-9 * largest;
    errors.push_back(zero ? test::norm(g.got) / largest : test::relative_error(g.got, g.want));
  }
  return errors;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void compare_gradients(const std::vector<Gradient>& gradients, const Setting& setting, GradientTolerance tolerance,
                       Report& report) {
  const std::vector<double> errors = gradient_errors(gradients);
  for (std::size_t i = 0; i < errors.size(); ++i) report.add(setting, gradients[i].name, errors[i], tolerance.each);
  report.add(setting, "median of gradients", median(errors), tolerance.median);
}

namespace {

using test::Fixture;

// A network with the weights of a fixture.
struct Network {
  ParamStore store;
  std::unique_ptr<FusionModel> model;

  Network(const Fixture& f, DType dtype) : store(dtype) {
    ModelConfig config;
    config.name = "cf2n";
    config.bands = f.integer("bands");
    config.pan_bands = f.raw("in.pan").dim(1);
    config.cf2n = {.channels = f.integer("channels"), .kernel = f.integer("kernel"), .stages = f.integer("stages")};
    model = make_model(config, store, 0);
    const std::vector<std::string> names = f.names("w.");
    check(names.size() == store.params().size(), "{}: holds {} weights, the network has {}", f.name(), names.size(),
          store.params().size());
    for (const std::string& name : names) store.at(name).copy_from(f.get("w." + name, dtype));
  }

  FusionOutput forward(const Tensor& pan, const Tensor& lms) const { return model->forward({.pan = pan, .lms = lms, .ms = {}}); }
};

void check_network(const Fixture& f, const Setting& setting, double outputs, GradientTolerance gradient, Report& report) {
  const UseKernels use(setting.backend);
  const Network network(f, setting.dtype);
  Tensor pan = f.get("in.pan", setting.dtype).set_requires_grad();
  Tensor lms = f.get("in.lms", setting.dtype).set_requires_grad();
  const FusionOutput y = network.forward(pan, lms);
  report.compare(setting, "out.0 (fused)", y.fused, f.get("out.0"), outputs);
  report.compare(setting, "out.1 (detail)", y.detail, f.get("out.1"), outputs);
  backward({y.fused, y.detail}, {f.get("gout.0", setting.dtype), f.get("gout.1", setting.dtype)});
  std::vector<Gradient> gradients = {{"gin.pan", pan.grad(), f.get("gin.pan")}, {"gin.lms", lms.grad(), f.get("gin.lms")}};
  for (const auto& [name, value] : network.store.params()) gradients.push_back({"gw." + name, value.grad(), f.get("gw." + name)});
  compare_gradients(gradients, setting, gradient, report);
}

// Adam on the L1 loss, from the file's weights on the file's batch.
void check_steps(const Fixture& f, const Setting& setting, double losses, double weights, Report& report) {
  const UseKernels use(setting.backend);
  const Network network(f, setting.dtype);
  Optimizer optimizer(AdamOptions{}, network.store.flat(), network.store.flat_grad());
  const Tensor pan = f.get("in.pan", setting.dtype);
  const Tensor lms = f.get("in.lms", setting.dtype);
  const Tensor target = f.get("in.gt", setting.dtype);
  std::vector<double> got;
  for (std::int64_t step = 0; step < f.raw("out.losses_f64").numel(); ++step) {
    const Tensor loss = ops::l1_loss(network.forward(pan, lms).fused, target);
    network.store.zero_grad();
    backward(loss);
    optimizer.step(f.number("lr"));
    got.push_back(loss.item());
  }
  report.compare(setting, "out.losses", Tensor::from({static_cast<std::int64_t>(got.size())}, got), f.raw("out.losses_f64"),
                 losses);
  for (const auto& [name, value] : network.store.params()) {
    report.compare(setting, "after." + name, value, f.get("after." + name), weights);
  }
}

}  // namespace

void check_cf2n(const Fixture& f, Report& report) {
  check_network(f, kExact, 1e-6, {1e-6, 1e-6}, report);
  check_network(f, kFast, 1e-5, {2e-2, 1e-4}, report);
}

void check_cf2n_adam_steps(const Fixture& f, Report& report) {
  check_steps(f, kExact, 1e-9, 1e-5, report);
  check_steps(f, kFast, 1e-6, 1e-4, report);
}

}  // namespace cf::parity
