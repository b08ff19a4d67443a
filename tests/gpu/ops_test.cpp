// Every declared case on the device against the reference, forward and backward.
#include <doctest/doctest.h>

#include "framework/ops/precision.h"
#include "tests/gpu/device.h"
#include "tests/harness/backends.h"
#ifdef CF_EMULATED
#include "kernels/cuda/emulator/emulator.h"
#endif

using namespace cf;

namespace {

// f32 rounds at 6e-8; sums of a few hundred terms in any order stay two decades below this.
constexpr double kTolerance32 = 1e-5;
// bf16 rounds at 2e-3, once per operator and twice in those made of two; what cancels in a sum shows it enlarged.
constexpr double kTolerance16 = 2e-2;

// The case as bf16 is used on the device, in mixed precision: what has no bf16 (Fourier transforms) is widened. The reference, on
// the CPU, stays in f32.
GradCase mixed_there(GradCase c) {
  c.fn = [fn = c.fn](const std::vector<Tensor>& in) {
    const ops::MixedPrecision mixed(!in.front().device().is_cpu());
    return fn(in);
  };
  return c;
}

void compare_all(DType dtype, double tolerance) {
  for (const GradCase& c : op_cases()) {
    if (!test::selected(c)) continue;
    const std::string differences =
        test::differences_from_reference(dtype == DType::bf16 ? mixed_there(c) : c, {dtype, test::kGpu}, tolerance);
    CHECK_MESSAGE(differences.empty(), c.name << ": " << differences);
  }
}

}  // namespace

TEST_CASE("operators in f32 agree with the reference") { compare_all(DType::f32, kTolerance32); }
TEST_CASE("operators in bf16 agree with the reference") { compare_all(DType::bf16, kTolerance16); }

#ifdef CF_EMULATED
TEST_CASE("operators do not depend on the order in which a block's threads run") {
  // A missing barrier shows where the order is another.
  emulator::set_order(emulator::Order::backward);
  compare_all(DType::f32, kTolerance32);
  emulator::set_order(emulator::Order::forward);
}
#endif
