// Gradients of every operator by finite differences, and the proof that these checks can fail.
#include <doctest/doctest.h>

#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"
#include "framework/gradcheck/run.h"
#include "framework/ops/elementwise.h"
#include "tests/harness/observe.h"

using namespace cf;

namespace {

std::vector<GradCheckResult> check_all(const GradCases& cases, const GradCheckOptions& options) {
  std::vector<GradCheckResult> results;
  for (const GradCase& c : cases) results.push_back(check_gradient(c, options));
  return results;
}

void require_all_pass(const std::vector<GradCheckResult>& results) {
  for (const GradCheckResult& r : results) {
    CAPTURE(r.name);
    CAPTURE(r.error);
    CHECK_MESSAGE(r.passed, r.message);
  }
}

// x^3 whose backward is `derivative` of x.
Tensor cube(const Tensor& x, double (*derivative)(std::size_t i, double x)) {
  const NoGrad guard;
  const Tensor y = ops::mul(x.detach(), ops::square(x.detach()));
  const EnableGrad again;
  record("cube", {x}, {y}, [x = x.detach(), derivative](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dx = Tensor::empty(x.shape(), x.dtype());
    for (std::size_t i = 0; i < dx.span<double>().size(); ++i) {
      dx.span<double>()[i] = dy.span<double>()[i] * derivative(i, x.span<double>()[i]);
    }
    return Grads{dx};
  });
  return y;
}

GradCheckResult check_cube(double (*derivative)(std::size_t i, double x)) {
  const GradCase c = {
      "cube", {{{2, 3}}}, [derivative](const std::vector<Tensor>& in) { return std::vector<Tensor>{cube(in[0], derivative)}; }};
  return check_gradient(c);
}

}  // namespace

TEST_CASE("gradients in f64 agree with finite differences") { require_all_pass(check_all(op_cases(), {})); }

TEST_CASE("gradients in f32 on the fast backend agree with finite differences") {
  require_all_pass(check_all(op_cases(), {.dtype = DType::f32}));
}

TEST_CASE("a fault of 0.1 % in any operator's backward is found") {
  for (const GradCase& c : op_cases()) {
    const test::Observed observed = test::observe_backward(c);
    if (!observed.any_gradient) continue;  // as softmax of one channel: 1.001 times zero is right
    for (const std::string& name : observed.operators) {
      CAPTURE(c.name);
      CAPTURE(name);
      const BackwardFault fault(name, 1.001);
      CHECK_FALSE(check_gradient(c, {.explain = false}).passed);
    }
  }
}

TEST_CASE("a right gradient passes") {
  const GradCheckResult r = check_cube([](std::size_t, double x) { return 3 * x * x; });
  CHECK_MESSAGE(r.passed, r.message);
  CHECK(r.error < 1e-8);
}

TEST_CASE("a wrong element is named") {
  const GradCheckResult r = check_cube([](std::size_t i, double x) { return 3 * x * x * (i == 4 ? 1.001 : 1); });
  CHECK_FALSE(r.passed);
  CHECK_MESSAGE(r.message.find("input 0 (2, 3): 1 of 36 elements") != std::string::npos, r.message);
  CHECK_MESSAGE(r.message.find("d output 0 (1, 1) / d input 0 (1, 1)") != std::string::npos, r.message);
  CHECK(gradcheck_table(std::vector{r}).find("FAILED") != std::string::npos);
}

TEST_CASE("a gradient that is missing or not a number fails") {
  CHECK_FALSE(check_cube([](std::size_t, double) { return 0.0; }).passed);
  CHECK_FALSE(check_cube([](std::size_t, double x) { return x / 0.0 - x / 0.0; }).passed);
}

TEST_CASE("an input without influence has the gradient zero") {
  const GradCase c = {"add", {{{3}}, {{3}}}, [](const std::vector<Tensor>& in) {
                        return std::vector<Tensor>{ops::add(in[0], ops::affine(in[1], 0, 0))};
                      }};
  const GradCheckResult r = check_gradient(c);
  CHECK_MESSAGE(r.passed, r.message);
}

TEST_CASE("parameters are checked under their names, in both dtypes") {
  const auto scaled = [](bool connected) {
    GradCase c = {"Scale", {{{2, 3}}}, {}};
    c.bind = [connected](DType dtype, Device) {
      const Tensor weight = Tensor::zeros({3}, dtype).set_requires_grad();
      const auto fn = [weight, connected](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{ops::mul(in[0], connected ? weight : weight.detach())};
      };
      return BoundFn{fn, {{"scale.weight", weight}}};
    };
    return c;
  };
  for (const DType dtype : {DType::f64, DType::f32}) {
    CAPTURE(name_of(dtype));
    CHECK(check_gradient(scaled(true), {.dtype = dtype}).passed);
    const GradCheckResult r = check_gradient(scaled(false), {.dtype = dtype});
    CHECK_FALSE(r.passed);
    CHECK_MESSAGE(r.message.find("scale.weight") != std::string::npos, r.message);
  }
}
