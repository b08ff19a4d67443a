#include "models/ssdiff/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "framework/core/check.h"

namespace cf {
namespace {

std::vector<double> cosine_betas(std::int64_t steps) {
  const auto signal_at = [steps](std::int64_t i) {
    const double u = static_cast<double>(i) / static_cast<double>(steps);
    const double c = std::cos((u + 0.008) / 1.008 * std::numbers::pi / 2);
    return c * c;
  };
  std::vector<double> betas;
  for (std::int64_t i = 0; i < steps; ++i) betas.push_back(std::min(1 - signal_at(i + 1) / signal_at(i), 0.999));
  return betas;
}

std::vector<double> linear_betas(std::int64_t steps) {
  const double scale = 1000 / static_cast<double>(steps);
  const double first = scale * 1e-4;
  const double last = std::min(scale * 0.02, 0.999);
  std::vector<double> betas;
  for (std::int64_t i = 0; i < steps; ++i) {
    betas.push_back(first + (last - first) * static_cast<double>(i) / static_cast<double>(steps - 1));
  }
  return betas;
}

// Multiples of `stride` below `total`.
std::int64_t multiples(std::int64_t total, std::int64_t stride) { return (total + stride - 1) / stride; }

std::int64_t leading_stride(std::int64_t total, std::int64_t count) {
  std::int64_t stride = 1;
  while (stride < total && multiples(total, stride) > count) ++stride;
  check(multiples(total, stride) == count,
        "sampler: no stride visits {} of {} steps; the next possible number is {}, or take sampler.spacing = trailing", count,
        total, stride > 1 ? multiples(total, stride - 1) : total);
  return stride;
}

}  // namespace

NoiseSchedule::NoiseSchedule(const DiffusionConfig& config) : step_exponent_(config.step_exponent) {
  check(config.steps >= 2, "diffusion: diffusion.steps is {}, must be at least 2", config.steps);
  betas_ = config.schedule == ScheduleKind::cosine ? cosine_betas(config.steps) : linear_betas(config.steps);
  double signal = 1;
  for (const double beta : betas_) signals_.push_back(signal *= 1 - beta);
}

std::int64_t NoiseSchedule::step_at(double u) const {
  return static_cast<std::int64_t>(std::pow(u, step_exponent_) * static_cast<double>(steps()));
}

std::vector<std::int64_t> visited_steps(std::int64_t total, std::int64_t count, Spacing spacing) {
  check(count >= 1 && count <= total, "sampler: {} steps of {} cannot be visited; sampler.steps must lie between 1 and {}", count,
        total, total);
  std::vector<std::int64_t> steps;
  const std::int64_t stride = spacing == Spacing::leading ? leading_stride(total, count) : 0;
  for (std::int64_t k = count - 1; k >= 0; --k) {
    const double share = static_cast<double>(total) * static_cast<double>(k + 1) / static_cast<double>(count);
    steps.push_back(spacing == Spacing::leading ? k * stride : static_cast<std::int64_t>(std::nearbyint(share)) - 1);
  }
  return steps;
}

}  // namespace cf
