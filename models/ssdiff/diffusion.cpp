#include "models/ssdiff/diffusion.h"

#include <cmath>
#include <numbers>

#include "framework/core/parallel.h"
#include "framework/ops/elementwise.h"

namespace cf {
namespace {

constexpr std::int64_t kGrain = 4096;  // numbers that a thread is worth

// Numbers 2j and 2j + 1 of Philox::normal, which share their uniforms.
struct NormalPair {
  double first;
  double second;
};

NormalPair normal_pair(const Philox& rng, std::uint64_t pair) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - rng.uniform(2 * pair)));
  const double angle = 2.0 * std::numbers::pi * rng.uniform(2 * pair + 1);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

void fill_piece(const Philox& rng, std::uint64_t first, std::span<double> out) {
  std::size_t i = 0;
  if (first % 2 == 1 && !out.empty()) out[i++] = rng.normal(first);
  for (; i + 1 < out.size(); i += 2) {
    const NormalPair pair = normal_pair(rng, (first + i) / 2);
    out[i] = pair.first;
    out[i + 1] = pair.second;
  }
  if (i < out.size()) out[i] = rng.normal(first + i);
}

Tensor per_sample(const std::vector<double>& values) {
  return Tensor::from({static_cast<std::int64_t>(values.size()), 1, 1, 1}, values).to(DType::f32);
}

}  // namespace

void fill_normal(const Philox& rng, std::uint64_t first, std::span<double> out) {
  parallel_for(static_cast<std::int64_t>(out.size()), kGrain, [&](std::int64_t begin, std::int64_t end) {
    const auto at = static_cast<std::size_t>(begin);
    fill_piece(rng, first + static_cast<std::uint64_t>(begin), out.subspan(at, static_cast<std::size_t>(end - begin)));
  });
}

Tensor noise_field(std::uint64_t seed, std::int64_t draw, const Region& part, std::int64_t bands, DType dtype) {
  const Philox rng = make_rng(seed, RngStream::noise, static_cast<std::uint64_t>(draw));
  Tensor field = Tensor::empty({1, part.height, part.width, bands}, DType::f64);
  const auto row_size = static_cast<std::size_t>(part.width * bands);
  const auto out = field.span<double>();
  parallel_for(part.height, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      // Rows lie far apart, so that the index does not depend on the width.
      const std::uint64_t first =
          (static_cast<std::uint64_t>(part.row + row) << 32U) + static_cast<std::uint64_t>(part.column * bands);
      fill_piece(rng, first, out.subspan(static_cast<std::size_t>(row) * row_size, row_size));
    }
  });
  return field.to(dtype);
}

Tensor add_noise(const Tensor& x0, const Tensor& noise, const Tensor& signal_root, const Tensor& noise_root) {
  return ops::add(ops::mul(x0, signal_root), ops::mul(noise, noise_root));
}

DiffusionDraw draw_diffusion(const NoiseSchedule& schedule, const Shape& shape, std::uint64_t seed, std::int64_t step,
                             std::int64_t first) {
  const Philox times = make_rng(seed, RngStream::timestep, static_cast<std::uint64_t>(step));
  const Philox noises = make_rng(seed, RngStream::diffusion, static_cast<std::uint64_t>(step));
  DiffusionDraw drawn;
  std::vector<double> signal_roots;
  std::vector<double> noise_roots;
  for (std::int64_t i = first; i < first + shape[0]; ++i) {
    const std::int64_t t = schedule.step_at(times.uniform(static_cast<std::uint64_t>(i)));
    drawn.steps.push_back(static_cast<double>(t));
    signal_roots.push_back(std::sqrt(schedule.signal(t)));
    noise_roots.push_back(std::sqrt(1 - schedule.signal(t)));
  }
  const Tensor noise = Tensor::empty(shape, DType::f64);
  fill_normal(noises, static_cast<std::uint64_t>(first * (shape.numel() / shape[0])), noise.span<double>());
  drawn.noise = noise.to(DType::f32);
  drawn.signal_root = per_sample(signal_roots);
  drawn.noise_root = per_sample(noise_roots);
  return drawn;
}

}  // namespace cf
