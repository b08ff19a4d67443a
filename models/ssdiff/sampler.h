// Samplers: from noise to a clean sample by a few calls of a denoiser.
//
// Each is a rule for four numbers per step, known before anything is computed; one loop serves them all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "framework/tensor/tensor.h"
#include "models/ssdiff/schedule.h"

namespace cf {

// x' = x * x + x0 * x0 + previous * (x0 of the step before) + noise * (fresh noise), a coefficient of 0 reading nothing.
struct SamplerUpdate {
  double x = 0;
  double x0 = 0;
  double previous = 0;
  double noise = 0;

  bool operator==(const SamplerUpdate&) const = default;
};

struct SamplerStep {
  std::int64_t number = 0;  // 0, 1, ... in the order they are taken
  std::int64_t t = 0;       // of the diffusion
  double time = 0;          // what the denoiser is told
  SamplerUpdate update;

  bool operator==(const SamplerStep&) const = default;
};

// Throws Error for a sampler that does not exist, naming those that do, and for options out of their range.
std::vector<SamplerStep> plan_sampling(const NoiseSchedule& schedule, const SamplerConfig& config);
std::vector<std::string> sampler_names();

struct Sampling {
  // The estimate of the clean sample, of x's shape.
  std::function<Tensor(const Tensor& x, const SamplerStep& step)> estimate;
  // Standard normal, of x's shape; called where a step wants noise.
  std::function<Tensor(const SamplerStep& step)> noise = {};
  // Sees x behind each step; may be empty.
  std::function<void(const Tensor& x, const SamplerStep& step)> observe = {};
};

// Starts from `x`, standard normal noise.
Tensor sample(const std::vector<SamplerStep>& plan, Tensor x, const Sampling& sampling);

// The estimate that a sampler moves in, from the network's estimate of the residual: the image LMS + residual limited to
// [0, 1], in image space as it is, in residual space minus LMS.
Tensor limited_estimate(const Tensor& residual, const Tensor& lms, SamplerSpace space);
// The image of a sample.
Tensor image_of(const Tensor& x, const Tensor& lms, SamplerSpace space);

}  // namespace cf
