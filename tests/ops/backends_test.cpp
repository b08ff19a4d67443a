// Every gradient case, in f32: the fast backend against the reference, forward and backward. Memory is handed out poisoned, so
// that an element which a kernel reads before anybody wrote it shows as NaN.
#include <doctest/doctest.h>

#include "framework/core/allocator.h"
#include "framework/gradcheck/problem.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

// f32 rounds at 6e-8; sums of a few hundred terms in any order stay two decades below this.
constexpr double kTolerance = 1e-5;

class PoisonedMemory {
 public:
  PoisonedMemory() { cpu_allocator().poison(true); }
  ~PoisonedMemory() { cpu_allocator().poison(false); }
  PoisonedMemory(const PoisonedMemory&) = delete;
  PoisonedMemory& operator=(const PoisonedMemory&) = delete;
};

Tensor as_tensor(const std::vector<double>& values) { return Tensor::from({static_cast<std::int64_t>(values.size())}, values); }

void compare_backends(const GradCase& c) {
  Draw draw(c.name, 1);
  const Problem exact = make_problem(c, draw);
  const Problem p = convert_problem(c, exact, DType::f32);
  const PoisonedMemory poisoned;
  const std::vector<Tensor> want = evaluate(p, Backend::reference);
  const std::vector<Tensor> got = evaluate(p, Backend::cpu);
  REQUIRE(got.size() == want.size());
  std::vector<Tensor> weights;
  for (std::size_t k = 0; k < want.size(); ++k) {
    CAPTURE(k);
    CHECK(test::relative_error(got[k], want[k]) <= kTolerance);
    weights.push_back(draw.normal(want[k].shape()));
  }
  const auto want_gradients = gradients(p, weights, Backend::reference);
  const auto got_gradients = gradients(p, weights, Backend::cpu);
  for (std::size_t v = 0; v < p.variables.size(); ++v) {
    CAPTURE(p.variables[v].name);
    CHECK(test::relative_error(as_tensor(got_gradients[v]), as_tensor(want_gradients[v])) <= kTolerance);
  }
}

}  // namespace

TEST_CASE("the cpu backend agrees with the reference in f32") {
  for (const GradCase& c : op_cases()) {
    CAPTURE(c.name);
    try {
      compare_backends(c);
    } catch (const std::exception& e) {
      FAIL_CHECK(std::string(e.what()));
    }
  }
}

TEST_CASE("poisoned memory reads as NaN") {
  const PoisonedMemory poisoned;
  const double first = Tensor::empty({3}, DType::f32).span<float>()[0];
  CHECK(first != first);
}
