// Every gradient case on the CPU backend against the reference, forward and backward. tests/gpu does the same for CUDA.
#include <doctest/doctest.h>

#include "tests/harness/backends.h"

using namespace cf;

TEST_CASE("the cpu backend agrees with the reference in f32") {
  // f32 rounds at 6e-8; sums of a few hundred terms in any order stay two decades below this.
  constexpr double kTolerance = 1e-5;
  for (const GradCase& c : op_cases()) {
    if (!test::selected(c)) continue;
    const std::string differences = test::differences_from_reference(c, {}, kTolerance);
    CHECK_MESSAGE(differences.empty(), c.name << ": " << differences);
  }
}

TEST_CASE("poisoned memory reads as NaN") {
  const test::PoisonedMemory poisoned;
  const double first = Tensor::empty({3}, DType::f32).span<float>()[0];
  CHECK(first != first);
}
