// How noise grows over the steps of a diffusion, and which steps a sampler visits.
#pragma once

#include <cstdint>
#include <vector>

#include "models/ssdiff/config.h"

namespace cf {

// x_t = sqrt(signal(t)) x_0 + sqrt(1 - signal(t)) noise for t = 0 .. steps() - 1. Everything in f64.
class NoiseSchedule {
 public:
  // cosine: Nichol & Dhariwal, "Improved denoising diffusion probabilistic models", ICML 2021; linear: Ho et al., NeurIPS
  // 2020, its ends scaled to the number of steps.
  explicit NoiseSchedule(const DiffusionConfig& config);

  std::int64_t steps() const { return static_cast<std::int64_t>(betas_.size()); }
  const std::vector<double>& betas() const { return betas_; }
  // The cumulative product of 1 - beta ("alpha bar").
  const std::vector<double>& signals() const { return signals_; }
  double signal(std::int64_t t) const { return signals_.at(static_cast<std::size_t>(t)); }
  // The step that training visits for u in [0, 1), after DiffusionConfig::step_exponent.
  std::int64_t step_at(double u) const;

 private:
  double step_exponent_;
  std::vector<double> betas_;
  std::vector<double> signals_;
};

// `count` of the steps 0 .. total - 1, the noisiest first. trailing: round(total (k + 1) / count) - 1. leading: multiples of
// the smallest stride that gives so many (which starts at 0 for one step). Throws Error where there is no such stride, and
// where count is not in [1, total].
std::vector<std::int64_t> visited_steps(std::int64_t total, std::int64_t count, Spacing spacing);

}  // namespace cf
