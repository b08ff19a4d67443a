#include "models/ssdiff/sampler.h"

#include <cmath>

#include "framework/core/check.h"
#include "framework/ops/elementwise.h"

namespace cf {
namespace {

// Shares of the signal ("alpha bar"): at the step before (negative: there is none), here, and where the step leads.
struct Signals {
  double before;
  double here;
  double next;
};

// Half the logarithm of the signal-to-noise ratio.
double lambda(double signal) { return 0.5 * std::log(signal / (1 - signal)); }

// Song, Meng, Ermon, "Denoising diffusion implicit models", ICLR 2021, eq. 12 and 16.
SamplerUpdate ddim(const Signals& s, double eta) {
  const double sigma = eta * std::sqrt((1 - s.next) / (1 - s.here)) * std::sqrt(1 - s.here / s.next);
  const double rest = 1 - s.next - sigma * sigma;
  check(rest >= 0, "sampler: sampler.eta = {} asks for more noise in a step than there is; take less, or more steps", eta);
  const double x = std::sqrt(rest / (1 - s.here));
  return {.x = x, .x0 = std::sqrt(s.next) - x * std::sqrt(s.here), .noise = sigma};
}

// Lu et al., "DPM-Solver++: fast solver for guided sampling of diffusion probabilistic models", 2022, algorithm 2: the
// estimate is extrapolated linearly in lambda from the step before. The last step, to lambda = infinity, takes it as it is.
SamplerUpdate dpmpp2m(const Signals& s, double) {
  if (s.next == 1) return {.x0 = 1};
  const double h = lambda(s.next) - lambda(s.here);
  const double share = -std::sqrt(s.next) * std::expm1(-h);
  const double x = std::sqrt((1 - s.next) / (1 - s.here));
  if (s.before < 0) return {.x = x, .x0 = share};
  const double slope = h / (2 * (lambda(s.here) - lambda(s.before)));
  return {.x = x, .x0 = share * (1 + slope), .previous = -share * slope};
}

struct Sampler {
  const char* name;
  SamplerUpdate (*update)(const Signals& signals, double eta);
  bool one_step;
};

constexpr Sampler kSamplers[] = {
    {"ddim", ddim, false},
    {"dpmpp2m", dpmpp2m, false},
    {"single", dpmpp2m, true},
};

const Sampler& find_sampler(const std::string& name) {
  std::string known;
  for (const Sampler& sampler : kSamplers) {
    if (name == sampler.name) return sampler;
    known += (known.empty() ? "" : ", ") + std::string(sampler.name);
  }
  fail("sampler.name is '{}', which is no sampler of this program; it has {}", name, known);
}

// sum += factor * t; an undefined sum is zero.
void add_scaled(Tensor& sum, const Tensor& t, double factor) {
  if (factor == 0) return;
  const Tensor term = factor == 1 ? t : ops::affine(t, factor, 0);
  sum = sum.defined() ? ops::add(sum, term) : term;
}

}  // namespace

std::vector<std::string> sampler_names() {
  std::vector<std::string> names;
  for (const Sampler& sampler : kSamplers) names.emplace_back(sampler.name);
  return names;
}

std::vector<SamplerStep> plan_sampling(const NoiseSchedule& schedule, const SamplerConfig& config) {
  const Sampler& sampler = find_sampler(config.name);
  check(config.eta >= 0, "sampler: sampler.eta is {}, must not be negative", config.eta);
  const auto visited = visited_steps(schedule.steps(), sampler.one_step ? 1 : config.steps, config.spacing);
  std::vector<SamplerStep> plan;
  for (std::size_t j = 0; j < visited.size(); ++j) {
    const bool last = j + 1 == visited.size();
    const Signals signals{.before = j > 0 ? schedule.signal(visited[j - 1]) : -1,
                          .here = schedule.signal(visited[j]),
                          .next = last ? 1 : schedule.signal(visited[j + 1])};
    const std::int64_t time =
        config.time == SamplerTime::original ? visited[j] : static_cast<std::int64_t>(visited.size() - 1 - j);
    plan.push_back({.number = static_cast<std::int64_t>(j),
                    .t = visited[j],
                    .time = static_cast<double>(time),
                    .update = sampler.update(signals, config.eta)});
  }
  return plan;
}

Tensor sample(const std::vector<SamplerStep>& plan, Tensor x, const Sampling& sampling) {
  Tensor previous;
  for (const SamplerStep& step : plan) {
    const SamplerUpdate& u = step.update;
    const Tensor x0 = sampling.estimate(x, step);
    Tensor next;
    add_scaled(next, x, u.x);
    add_scaled(next, x0, u.x0);
    add_scaled(next, previous, u.previous);
    if (u.noise != 0) {
      check(static_cast<bool>(sampling.noise), "sampler: step {} wants noise, but there is no source of it", step.number);
      add_scaled(next, sampling.noise(step), u.noise);
    }
    x = next;
    previous = x0;
    if (sampling.observe) sampling.observe(x, step);
  }
  return x;
}

Tensor limited_estimate(const Tensor& residual, const Tensor& lms, SamplerSpace space) {
  const Tensor image = ops::clamp(ops::add(residual, lms), 0, 1);
  return space == SamplerSpace::image ? image : ops::sub(image, lms);
}

Tensor image_of(const Tensor& x, const Tensor& lms, SamplerSpace space) {
  return space == SamplerSpace::image ? x : ops::clamp(ops::add(x, lms), 0, 1);
}

}  // namespace cf
