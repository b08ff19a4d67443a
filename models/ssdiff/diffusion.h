// Noise, and residuals that it is added to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/rng.h"
#include "framework/tensor/tensor.h"
#include "models/ssdiff/region.h"
#include "models/ssdiff/schedule.h"

namespace cf {

// out[i] = rng.normal(first + i), on all threads.
void fill_normal(const Philox& rng, std::uint64_t first, std::span<double> out);

// A part of the field of standard normal noise that a scene starts from (draw 0), or takes up in a step (draw 1, 2, ...):
// (1, H, W, bands) on the host. The number at a pixel and band is a function of (seed, draw, row, column, band, bands) alone,
// so that a part of the scene sees the part of the field.
Tensor noise_field(std::uint64_t seed, std::int64_t draw, const Region& part, std::int64_t bands, DType dtype);

// signal_root x0 + noise_root noise, the roots (N, 1, 1, 1): sqrt(signal(t)) and sqrt(1 - signal(t)) of each sample's t.
Tensor add_noise(const Tensor& x0, const Tensor& noise, const Tensor& signal_root, const Tensor& noise_root);

// What a training step draws for samples of (N, H, W, B): steps as the schedule says, standard normal noise. Sample first + i of
// a batch is the same in whatever part of the batch it is drawn.
struct DiffusionDraw {
  std::vector<double> steps;  // N
  Tensor noise;               // (N, H, W, B), f32
  Tensor signal_root;         // (N, 1, 1, 1), f32
  Tensor noise_root;          // (N, 1, 1, 1), f32
};
DiffusionDraw draw_diffusion(const NoiseSchedule& schedule, const Shape& shape, std::uint64_t seed, std::int64_t step,
                             std::int64_t first);

}  // namespace cf
