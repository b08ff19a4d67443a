#include "tests/parity/optimizers.h"

#include <map>

#include "framework/optim/optimizer.h"

namespace cf::parity {
namespace {

// The constants that the files do not hold.
const std::map<std::string, OptimizerOptions>& optimizers() {
  static const std::map<std::string, OptimizerOptions> kOptimizers = {
      {"optim_adam", AdamOptions{}},
      {"optim_adamw", AdamWOptions{.weight_decay = 0.1}},
      {"optim_sgd_momentum", SgdOptions{.momentum = 0.9}},
      {"optim_rmsprop", RmspropOptions{.alpha = 0.9, .eps = 1e-8}},
  };
  return kOptimizers;
}

}  // namespace

bool knows_optimizer(const std::string& name) { return optimizers().contains(name); }

void check_optimizer(const test::Fixture& f, const Setting& setting, double tolerance, Report& report) {
  const UseKernels use(setting.backend);
  const Tensor params = f.get("in.p0", setting.dtype);
  const Tensor grads = Tensor::zeros(params.shape(), setting.dtype);
  Optimizer optimizer(optimizers().at(f.name()), params, grads);
  const std::size_t steps = f.names("in.g").size();
  for (std::size_t k = 0; k < steps; ++k) {
    grads.copy_from(f.get(fmt::format("in.g{}", k), setting.dtype));
    optimizer.step(f.number("lr"));
    const std::string after = fmt::format("out.p{}", k + 1);
    report.compare(setting, after, params, f.get(after), tolerance);
  }
}

}  // namespace cf::parity
