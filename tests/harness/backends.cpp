#include "tests/harness/backends.h"

#include <cstdlib>
#include <sstream>

#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "tests/harness/compare.h"

namespace cf::test {
namespace {

Tensor as_tensor(const std::vector<double>& values) { return Tensor::from({static_cast<std::int64_t>(values.size())}, values); }

class Comparison {
 public:
  Comparison(const Tested& tested, double tolerance) : tested_(tested), tolerance_(tolerance) {}

  void run(const GradCase& c) {
    Draw draw(c.name, 1);
    const Problem exact = make_problem(c, draw);
    // Rounded to the tested type first, so that both stand at one point.
    const Problem rounded = convert_problem(c, exact, tested_.dtype);
    const Problem p = convert_problem(c, rounded, DType::f32);
    const Problem there = convert_problem(c, rounded, tested_.dtype, tested_.device);
    const PoisonedMemory poisoned_host;
    const PoisonedMemory poisoned(tested_.device);
    const std::vector<Tensor> want = evaluate(p, Backend::reference);
    const std::vector<Tensor> got = on_device() ? evaluate(there) : evaluate(there, tested_.backend);
    check(got.size() == want.size(), "{} results, the reference has {}", got.size(), want.size());
    std::vector<Tensor> weights;
    for (std::size_t k = 0; k < want.size(); ++k) {
      compare(fmt::format("result {}", k), got[k].to(Device{}), want[k]);
      weights.push_back(draw.normal(want[k].shape()));
    }
    const auto want_gradients = gradients(p, weights, Backend::reference);
    const auto got_gradients = on_device() ? gradients(there, weights) : gradients(there, weights, tested_.backend);
    for (std::size_t v = 0; v < p.variables.size(); ++v) {
      compare("gradient of " + p.variables[v].name, as_tensor(got_gradients[v]), as_tensor(want_gradients[v]));
    }
  }

  std::string differences;

 private:
  bool on_device() const { return !tested_.device.is_cpu(); }

  void compare(const std::string& what, const Tensor& got, const Tensor& want) {
    const double error = relative_error(got, want);
    if (!(error <= tolerance_))
      differences += fmt::format("{}: relative error {:.2e}, allowed {:.0e}\n", what, error, tolerance_);
  }

  Tested tested_;
  double tolerance_;
};

}  // namespace

PoisonedMemory::PoisonedMemory(Device device) : device_(device) { allocator_for(device_).poison(true); }
PoisonedMemory::~PoisonedMemory() { allocator_for(device_).poison(false); }

std::string differences_from_reference(const GradCase& c, const Tested& tested, double tolerance) {
  Comparison comparison(tested, tolerance);
  try {
    comparison.run(c);
  } catch (const std::exception& e) {
    comparison.differences += e.what();
  }
  return comparison.differences;
}

bool selected(const GradCase& c) {
  const char* wanted = std::getenv("CF_CASES");
  if (wanted == nullptr) return true;
  std::istringstream list(wanted);
  for (std::string prefix; std::getline(list, prefix, ',');) {
    if (c.name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace cf::test
