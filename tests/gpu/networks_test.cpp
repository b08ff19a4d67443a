// Layers and networks on the device against the reference, forward and backward.
#include <doctest/doctest.h>

#include "framework/nn/gradcheck_cases.h"
#include "framework/ops/precision.h"
#include "models/gradcheck_cases.h"
#include "tests/gpu/device.h"
#include "tests/harness/backends.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

// Layers and networks chain operators, and some activations within rounding of a kink take its other side.
constexpr double kTolerance32 = 5e-3;
// bf16 rounds at 2e-3; a network is a few dozen roundings deep, and of its few activations here some take the other side of a
// kink.
constexpr double kMixedResult = 3e-2;
constexpr double kMixedGradient = 2e-1;
// Cases move each parameter by the same amount, so sums over very many bands are far larger than in a trained network, and gates
// saturate: their inputs, in the dozens, are then rounded by more than what decides them. Such cases are compared in f32, and
// operators with so many channels in bf16 as well.
constexpr std::int64_t kMixedBands = 16;

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

// A single gradient may be the small difference of large terms that bf16 has rounded; what training follows is their whole.
TEST_CASE("networks in mixed precision are near f32") {
  for (const GradCase& c : network_cases()) {
    if (!test::selected(c)) continue;
    CAPTURE(c.name);
    Draw draw(c.name, 1);
    const Problem p = convert_problem(c, make_problem(c, draw), DType::f32, test::kGpu);
    const std::vector<Tensor> want = evaluate(p);
    if (want.front().dim(3) > kMixedBands) continue;
    std::vector<Tensor> weights;
    for (const Tensor& y : want) weights.push_back(draw.normal(y.shape()));
    const auto all = [&] {
      std::vector<double> joined;
      for (const auto& g : gradients(p, weights)) joined.insert(joined.end(), g.begin(), g.end());
      return Tensor::from({static_cast<std::int64_t>(joined.size())}, joined);
    };
    const Tensor want_gradient = all();
    const ops::MixedPrecision mixed;
    const std::vector<Tensor> got = evaluate(p);
    for (std::size_t k = 0; k < want.size(); ++k) CHECK(test::relative_error(got[k], want[k]) <= kMixedResult);
    const double error = test::relative_error(all(), want_gradient);
    CHECK(error <= kMixedGradient);
    CHECK(error > 1e-5);  // it did round
  }
}
