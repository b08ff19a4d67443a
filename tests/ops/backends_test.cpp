// Every gradient case on every backend against the reference, forward and backward. Memory is handed out poisoned, so that an
// element which a kernel reads before anybody wrote it shows as NaN. CF_CASES=softmax,norm restricts the cases by the beginning
// of their names.
#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>

#include "framework/core/allocator.h"
#include "framework/gradcheck/problem.h"
#include "tests/harness/compare.h"
#ifdef CF_EMULATED
#include "kernels/cuda/emulator/emulator.h"
#endif

using namespace cf;

namespace {

// f32 rounds at 6e-8; sums of a few hundred terms in any order stay two decades below this.
constexpr double kTolerance32 = 1e-5;
// bf16 rounds at 2e-3, once per operator and twice in those made of two; what cancels in a sum shows it enlarged.
constexpr double kTolerance16 = 2e-2;

class PoisonedMemory {
 public:
  PoisonedMemory() { cpu_allocator().poison(true); }
  ~PoisonedMemory() { cpu_allocator().poison(false); }
  PoisonedMemory(const PoisonedMemory&) = delete;
  PoisonedMemory& operator=(const PoisonedMemory&) = delete;
};

Tensor as_tensor(const std::vector<double>& values) { return Tensor::from({static_cast<std::int64_t>(values.size())}, values); }

bool selected(const std::string& name) {
  const char* wanted = std::getenv("CF_CASES");
  if (wanted == nullptr) return true;
  std::istringstream list(wanted);
  for (std::string prefix; std::getline(list, prefix, ',');) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

// `backend` in `dtype` against the reference in f32, at a point that both can represent.
void compare_with_reference(const GradCase& c, Backend backend, DType dtype, double tolerance) {
  Draw draw(c.name, 1);
  const Problem exact = make_problem(c, draw);
  const Problem tested = convert_problem(c, exact, dtype);
  const Problem p = convert_problem(c, tested, DType::f32);
  const PoisonedMemory poisoned;
  const std::vector<Tensor> want = evaluate(p, Backend::reference);
  const std::vector<Tensor> got = evaluate(tested, backend);
  REQUIRE(got.size() == want.size());
  std::vector<Tensor> weights;
  for (std::size_t k = 0; k < want.size(); ++k) {
    CAPTURE(k);
    CHECK(test::relative_error(got[k], want[k]) <= tolerance);
    weights.push_back(draw.normal(want[k].shape()));
  }
  const auto want_gradients = gradients(p, weights, Backend::reference);
  const auto got_gradients = gradients(tested, weights, backend);
  for (std::size_t v = 0; v < p.variables.size(); ++v) {
    CAPTURE(p.variables[v].name);
    CHECK(test::relative_error(as_tensor(got_gradients[v]), as_tensor(want_gradients[v])) <= tolerance);
  }
}

// Fourier transforms compute in f32 alone.
bool refuses_bf16(const std::string& name) {
  return name.starts_with("fft2.") || name.starts_with("ifft2.") || name == "real.ifft2" || name == "complex_abs.fft2";
}

void compare_all(Backend backend, DType dtype, double tolerance) {
  for (const GradCase& c : op_cases()) {
    if (!selected(c.name)) continue;
    CAPTURE(c.name);
    if (dtype == DType::bf16 && refuses_bf16(c.name)) {
      CHECK_THROWS_WITH_AS(compare_with_reference(c, backend, dtype, tolerance), doctest::Contains("computes in f32"), Error);
      continue;
    }
    try {
      compare_with_reference(c, backend, dtype, tolerance);
    } catch (const std::exception& e) {
      FAIL_CHECK(std::string(e.what()));
    }
  }
}

}  // namespace

TEST_CASE("the cpu backend agrees with the reference in f32") { compare_all(Backend::cpu, DType::f32, kTolerance32); }

#ifdef CF_EMULATED
// A missing barrier shows where the order of threads is another.
TEST_CASE("the emulated cuda backend agrees with the reference in f32, whatever the order of threads") {
  for (const auto order : {emulator::Order::forward, emulator::Order::backward}) {
    emulator::set_order(order);
    compare_all(Backend::cuda, DType::f32, kTolerance32);
  }
  emulator::set_order(emulator::Order::forward);
}

TEST_CASE("the emulated cuda backend agrees with the reference in bf16") {
  compare_all(Backend::cuda, DType::bf16, kTolerance16);
}
#endif

TEST_CASE("poisoned memory reads as NaN") {
  const PoisonedMemory poisoned;
  const double first = Tensor::empty({3}, DType::f32).span<float>()[0];
  CHECK(first != first);
}
