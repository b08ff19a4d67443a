// Layers and networks on the device against the reference, forward and backward.
#include <doctest/doctest.h>

#include "framework/nn/gradcheck_cases.h"
#include "framework/ops/precision.h"
#include "models/gradcheck_cases.h"
#include "tests/gpu/device.h"
#include "tests/harness/backends.h"

using namespace cf;

namespace {

// Layers and networks chain operators, and some activations within rounding of a kink take its other side.
constexpr double kTolerance32 = 5e-3;
constexpr double kTolerance16 = 2e-1;

GradCases all_cases() {
  GradCases all = layer_cases();
  for (GradCase& c : network_cases()) all.push_back(std::move(c));
  return all;
}

}  // namespace

TEST_CASE("layers and networks in f32 agree with the reference") {
  for (const GradCase& c : all_cases()) {
    if (!test::selected(c)) continue;
    const std::string differences = test::differences_from_reference(c, {DType::f32, test::kGpu}, kTolerance32);
    CHECK_MESSAGE(differences.empty(), c.name << ": " << differences);
  }
}

TEST_CASE("networks in mixed precision are near the reference") {
  for (GradCase c : network_cases()) {
    if (!test::selected(c)) continue;
    const auto bind = c.bind;
    c.bind = [bind](DType dtype, Device device) {
      BoundFn bound = bind(dtype, device);
      const auto fn = bound.fn;
      // The reference, on the CPU, stays in f32.
      bound.fn = [fn, mixed = !device.is_cpu()](const std::vector<Tensor>& in) {
        const ops::MixedPrecision precision(mixed);
        return fn(in);
      };
      return bound;
    };
    const std::string differences = test::differences_from_reference(c, {DType::f32, test::kGpu}, kTolerance16);
    CHECK_MESSAGE(differences.empty(), c.name << ": " << differences);
  }
}
