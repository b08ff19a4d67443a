#include <algorithm>
#include <cmath>

#include "framework/ops/ops.h"
#include "models/ssdiff/diffusion.h"
#include "models/ssdiff/sampler.h"
#include "tests/parity/checks.h"

namespace cf::parity {
namespace {

using test::Fixture;

void compare_absolute(const std::vector<double>& got, const Tensor& want, const char* name, double tolerance, Report& report) {
  const auto values = want.span<double>();
  check(got.size() == values.size(), "{}: {} values, expected {}", name, got.size(), values.size());
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::abs(got[i] - values[i]));
  report.add(kExact, name, worst, tolerance);
}

SamplerConfig sampler_of(const Fixture& f) {
  SamplerConfig c;
  c.name = f.text("solver");
  c.steps = f.integer("steps");
  c.eta = f.number("eta");
  c.spacing = Spacing::leading;
  c.time = f.text("time") == "index" ? SamplerTime::index : SamplerTime::original;
  c.space = f.text("space") == "image" ? SamplerSpace::image : SamplerSpace::residual;
  return c;
}

// The file's made-up denoiser: 0.3 tanh(x) + 0.1 sin(7 lms + t / 1000).
Tensor made_up_residual(const Tensor& x, const Tensor& lms, double time) {
  const Tensor wave = lms.to(DType::f64);
  for (double& v : wave.span<double>()) v = 0.1 * std::sin(7 * v + time / 1000);
  return ops::add(ops::affine(ops::tanh(x), 0.3, 0), wave.to(x.dtype()));
}

void check_steps(const Fixture& f, const Setting& setting, double tolerance, Report& report) {
  const UseKernels use(setting.backend);
  const SamplerConfig config = sampler_of(f);
  const auto plan = plan_sampling(NoiseSchedule({.steps = f.integer("T")}), config);
  std::vector<double> visited;
  for (const SamplerStep& step : plan) visited.push_back(static_cast<double>(step.t));
  compare_absolute(visited, f.raw("in.timesteps_f64"), "timesteps", 0, report);

  const Tensor lms = f.get("in.lms", setting.dtype);
  Sampling sampling;
  sampling.estimate = [&](const Tensor& x, const SamplerStep& step) {
    return limited_estimate(made_up_residual(x, lms, step.time), lms, config.space);
  };
  sampling.noise = [&](const SamplerStep& step) { return f.get(fmt::format("in.noise_{}", step.number), setting.dtype); };
  sampling.observe = [&](const Tensor& x, const SamplerStep& step) {
    const std::string name = fmt::format("out.x_after_{}", step.number);
    report.compare(setting, name, x, f.get(name), tolerance);
  };
  const Tensor x = sample(plan, f.get("in.noise", setting.dtype), sampling);
  report.compare(setting, "out.image", image_of(x, lms, config.space), f.get("out.image"), tolerance);
}

void check_noising(const Fixture& f, const Setting& setting, double tolerance, Report& report) {
  const UseKernels use(setting.backend);
  const NoiseSchedule schedule({});
  std::vector<double> signal;
  std::vector<double> noise;
  for (const double t : f.raw("in.t_f64").span<double>()) {
    signal.push_back(std::sqrt(schedule.signal(static_cast<std::int64_t>(t))));
    noise.push_back(std::sqrt(1 - schedule.signal(static_cast<std::int64_t>(t))));
  }
  const Shape shape = {static_cast<std::int64_t>(signal.size()), 1, 1, 1};
  const Tensor x_t = add_noise(f.get("in.x0", setting.dtype), f.get("in.noise", setting.dtype),
                               Tensor::from(shape, signal).to(setting.dtype), Tensor::from(shape, noise).to(setting.dtype));
  report.compare(setting, "out.x_t", x_t, f.get("out.x_t"), tolerance);
}

}  // namespace

void check_schedule(const Fixture& f, Report& report) {
  const NoiseSchedule schedule({.schedule = ScheduleKind::cosine, .steps = f.raw("betas_f64").numel()});
  compare_absolute(schedule.betas(), f.raw("betas_f64"), "betas", 1e-12, report);
  compare_absolute(schedule.signals(), f.raw("alphas_cumprod_f64"), "alphas_cumprod", 1e-12, report);
}

void check_q_sample(const Fixture& f, Report& report) {
  check_noising(f, kExact, 1e-6, report);
  check_noising(f, kFast, 2e-5, report);
}

void check_sampler(const Fixture& f, Report& report) {
  check_steps(f, kExact, 1e-6, report);
  check_steps(f, kFast, 2e-5, report);
}

}  // namespace cf::parity
