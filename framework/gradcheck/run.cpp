#include "framework/gradcheck/run.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"
#include "framework/core/rng.h"
#include "framework/gradcheck/jacobian.h"
#include "framework/gradcheck/problem.h"
#include "kernels/table.h"

namespace cf {
namespace {

// Central differences in f64 with step h err by h^2 f''' / 6 + eps |L| / h, about 1e-12 + 2e-10 |L| here. The optimum would be
// larger (eps^(1/3) = 6e-6), but a small step rarely reaches a kink of relu, abs or max. A kink that one step does reach is
// left behind by the next, a wrong gradient is not: the best of the steps counts.
constexpr double kSteps[] = {1e-6, 1e-7};
constexpr double kEpsilon64 = 2.3e-16;
// A thousand times below the smallest fault to be caught (0.1 %), a thousand times above the noise of the differences.
constexpr double kTolerance64 = 1e-6;
// f32 rounds at 6e-8; a backward pass of a few hundred rounded terms per element stays within 1e-5, a fault of 0.1 % is seen.
constexpr double kTolerance32 = 1e-4;
// Layers and networks chain operators, and in f32 some activations within rounding of a kink take its other side.
constexpr double kTolerance32Bound = 5e-3;

double tolerance_of(const GradCase& c, DType dtype) {
  if (dtype == DType::f64) return kTolerance64;
  return c.bind ? kTolerance32Bound : kTolerance32;
}

double norm(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return std::sqrt(sum);
}

struct Worst {
  double error = -1;
  std::size_t variable = 0;
};

class Check {
 public:
  Check(const GradCase& c, const GradCheckOptions& options)
      : options_(options), draw_(c.name, options.seed), tolerance_(tolerance_of(c, options.dtype)) {
    check(options.dtype == DType::f64 || options.dtype == DType::f32, "gradcheck: gradients are checked in f64 or f32, not {}",
          name_of(options.dtype));
    exact_ = make_problem(c, draw_);
    if (options.dtype == DType::f32) fast_ = convert_problem(c, *exact_, DType::f32);
  }

  GradCheckResult run() {
    for (const Tensor& y : evaluate(*exact_, Backend::reference)) weights_.push_back(draw_.normal(y.shape()));
    const std::vector<std::vector<double>> gradient =
        fast_ ? gradients(*fast_, weights_, Backend::cpu) : gradients(*exact_, weights_, Backend::reference);
    check(!gradient.empty(), "nothing to differentiate: no input is differentiable and there are no parameters");
    Worst worst;
    for (std::size_t v = 0; v < gradient.size(); ++v) {
      for (int d = 0; d < options_.directions; ++d) {
        const double error = error_along(v, gradient[v]);
        if (!(error <= worst.error)) worst = {error, v};
        if (std::isnan(error)) break;
      }
    }
    GradCheckResult result;
    result.error = worst.error;
    result.tolerance = tolerance_;
    result.passed = worst.error <= tolerance_;
    if (!result.passed) result.message = explain(worst.variable);
    return result;
  }

 private:
  // L at the current values, and the sum of the magnitudes of its terms, which bounds its rounding.
  std::pair<double, double> objective() const {
    double sum = 0;
    double magnitude = 0;
    const std::vector<Tensor> ys = evaluate(*exact_, Backend::reference);
    for (std::size_t k = 0; k < ys.size(); ++k) {
      const auto y = ys[k].span<double>();
      const auto w = weights_[k].span<double>();
      for (std::size_t i = 0; i < y.size(); ++i) {
        sum += w[i] * y[i];
        magnitude += std::abs(w[i] * y[i]);
      }
    }
    return {sum, magnitude};
  }

  double error_along(std::size_t variable, const std::vector<double>& gradient) {
    const Tensor& x = exact_->variables[variable].value;
    const Tensor direction = draw_.normal(x.shape());
    const auto v = direction.span<double>();
    double expected = 0;
    for (std::size_t i = 0; i < v.size(); ++i) expected += gradient[i] * v[i];
    double best = HUGE_VAL;
    for (const double h : kSteps) {
      const Tensor base = x.clone();
      move(x, base, v, h);
      const auto [above, magnitude] = objective();
      move(x, base, v, -h);
      const double measured = (above - objective().first) / (2 * h);
      x.copy_from(base);
      // The rounding of L alone must not fail a gradient that is zero.
      const double floor = 16 * kEpsilon64 * magnitude / h / tolerance_;
      const double scale = std::max({norm(gradient), std::abs(measured), floor});
      const double error = scale == 0 ? 0 : std::abs(measured - expected) / scale;
      if (std::isnan(error)) return error;
      best = std::min(best, error);
      if (best <= tolerance_) break;
    }
    return best;
  }

  static void move(const Tensor& x, const Tensor& base, std::span<const double> v, double h) {
    const auto to = x.span<double>();
    const auto from = base.span<double>();
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i] + h * v[i];
  }

  std::string explain(std::size_t variable) {
    const std::string name = exact_->variables[variable].name;
    if (!options_.explain) return name + ": the gradient is wrong";
    return compare_jacobian(*exact_, fast_ ? *fast_ : *exact_, variable, tolerance_);
  }

  GradCheckOptions options_;
  Draw draw_;
  double tolerance_;
  std::optional<Problem> exact_;  // f64, reference backend
  std::optional<Problem> fast_;   // f32, cpu backend
  std::vector<Tensor> weights_;   // of the outputs, f64
};

}  // namespace

GradCheckResult check_gradient(const GradCase& c, const GradCheckOptions& options) {
  GradCheckResult result;
  try {
    result = Check(c, options).run();
  } catch (const std::exception& e) {
    result.error = HUGE_VAL;
    result.tolerance = tolerance_of(c, options.dtype);
    result.message = e.what();
  }
  result.name = c.name;
  return result;
}

std::string gradcheck_table(std::span<const GradCheckResult> results) {
  std::size_t width = 4;
  for (const GradCheckResult& r : results) width = std::max(width, r.name.size());
  std::string table = fmt::format("{:<{}}  {:>9}  {:>9}  result\n", "case", width, "error", "tolerance");
  std::string messages;
  for (const GradCheckResult& r : results) {
    table += fmt::format("{:<{}}  {:>9.2e}  {:>9.0e}  {}\n", r.name, width, r.error, r.tolerance, r.passed ? "ok" : "FAILED");
    if (!r.passed) messages += fmt::format("\n{}: {}\n", r.name, r.message);
  }
  return table + messages;
}

}  // namespace cf
