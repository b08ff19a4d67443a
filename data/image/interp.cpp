#include "data/image/interp.h"

#include <array>
#include <bit>
#include <cmath>

#include "framework/core/parallel.h"

namespace cf {
namespace {

// How one axis is resampled: output i is the sum of weight[i, k] times input index[i, k].
struct AxisPlan {
  std::int64_t length = 0;  // of the output
  std::int64_t taps = 0;
  std::vector<std::int64_t> index;
  std::vector<double> weight;
};

AxisPlan plan_axis(std::int64_t n, double scale) {
  const double shrink = std::min(scale, 1.0);
  const double width = 4 / shrink;
  AxisPlan plan;
  // n * (1 / ratio) may lie a rounding above the whole number that is meant.
  plan.length = static_cast<std::int64_t>(std::ceil(static_cast<double>(n) * scale - 1e-9));
  plan.taps = static_cast<std::int64_t>(std::ceil(width)) + 2;
  for (std::int64_t i = 1; i <= plan.length; ++i) {
    const double centre = static_cast<double>(i) / scale + 0.5 * (1 - 1 / scale);
    const auto left = static_cast<std::int64_t>(std::floor(centre - width / 2));
    double sum = 0;
    for (std::int64_t k = 0; k < plan.taps; ++k) {
      plan.weight.push_back(shrink * cubic_kernel(shrink * (centre - static_cast<double>(left + k))));
      sum += plan.weight.back();
      const std::int64_t folded = (((left + k - 1) % (2 * n)) + 2 * n) % (2 * n);
      plan.index.push_back(folded < n ? folded : 2 * n - 1 - folded);
    }
    for (std::int64_t k = 0; k < plan.taps; ++k) plan.weight[plan.weight.size() - 1 - static_cast<std::size_t>(k)] /= sum;
  }
  return plan;
}

Planes resample_rows(const Planes& in, const AxisPlan& plan) {
  Planes out(plan.length, in.cols, in.bands);
  parallel_for(in.bands * plan.length, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t i = r % plan.length;
      double* to = out.data.data() + r * in.cols;
      for (std::int64_t k = 0; k < plan.taps; ++k) {
        const auto at = static_cast<std::size_t>(i * plan.taps + k);
        const double* from = in.band(r / plan.length) + plan.index[at] * in.cols;
        for (std::int64_t x = 0; x < in.cols; ++x) to[x] += plan.weight[at] * from[x];
      }
    }
  });
  return out;
}

Planes resample_cols(const Planes& in, const AxisPlan& plan) {
  Planes out(in.rows, plan.length, in.bands);
  parallel_for(in.bands * in.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const double* from = in.data.data() + r * in.cols;
      double* to = out.data.data() + r * plan.length;
      for (std::int64_t i = 0; i < plan.length; ++i) {
        for (std::int64_t k = 0; k < plan.taps; ++k) {
          const auto at = static_cast<std::size_t>(i * plan.taps + k);
          to[i] += plan.weight[at] * from[plan.index[at]];
        }
      }
    }
  });
  return out;
}

// One doubling: out[2 i + phase] = in[i], the samples between by the half-band filter, whose even taps are zero but the
// centre. `phase` is where samples go. Circular.
AxisPlan plan_doubling(std::int64_t n, std::int64_t phase) {
  // Twice the tabulated taps at offsets 1, 3, ... 11: zero insertion halves the mean.
  constexpr std::array kOdd = {0.610668182370, -0.145397186478, 0.043619155884, -0.010385513306, 0.001615524292, -0.000120162964};
  AxisPlan plan;
  plan.length = 2 * n;
  plan.taps = 2 * static_cast<std::int64_t>(kOdd.size());
  for (std::int64_t i = 0; i < plan.length; ++i) {
    const bool sample = i % 2 == phase;
    for (std::int64_t k = 0; k < plan.taps; ++k) {
      // Odd offsets -11, -9 ... 11 from i reach the samples; at a sample the one tap is the centre.
      const std::int64_t offset = 2 * k - plan.taps + 1;
      const std::int64_t source = sample ? i - phase : i + offset - phase;
      plan.index.push_back(((source / 2) % n + n) % n);
      plan.weight.push_back(sample ? (k == 0 ? 1.0 : 0.0) : kOdd[static_cast<std::size_t>(std::abs(offset) / 2)]);
    }
  }
  return plan;
}

}  // namespace

double cubic_kernel(double x) {
  const double t = std::abs(x);
  if (t <= 1) return (1.5 * t - 2.5) * t * t + 1;
  if (t <= 2) return ((-0.5 * t + 2.5) * t - 4) * t + 2;
  return 0;
}

bool is_power_of_two(std::int64_t n) { return n > 0 && std::has_single_bit(static_cast<std::uint64_t>(n)); }

Planes imresize(const Planes& image, double scale) {
  check(scale > 0 && std::isfinite(scale), "imresize: scale is {}, expected a positive number", scale);
  check(image.data.size() > 0, "imresize: the image is empty");
  return resample_cols(resample_rows(image, plan_axis(image.rows, scale)), plan_axis(image.cols, scale));
}

Planes interp23tap(const Planes& image, std::int64_t ratio) {
  check(is_power_of_two(ratio), "interp23tap: ratio is {}, expected a power of two (upsample_lms takes any ratio)", ratio);
  check(image.data.size() > 0, "interp23tap: the image is empty");
  Planes x = image;
  for (std::int64_t done = 1; done < ratio; done *= 2) {
    const std::int64_t phase = done == 1 ? 1 : 0;
    x = resample_cols(resample_rows(x, plan_doubling(x.rows, phase)), plan_doubling(x.cols, phase));
  }
  return x;
}

Planes upsample_lms(const Planes& ms, std::int64_t ratio) {
  check(ratio >= 1, "upsampling MS: ratio is {}, expected 1 or more", ratio);
  return is_power_of_two(ratio) ? interp23tap(ms, ratio) : imresize(ms, static_cast<double>(ratio));
}

Tensor imresize(const Tensor& image, double scale) { return to_tensor(imresize(to_planes(image, "imresize"), scale)); }
Tensor interp23tap(const Tensor& image, std::int64_t ratio) {
  return to_tensor(interp23tap(to_planes(image, "interp23tap"), ratio));
}
Tensor upsample_lms(const Tensor& ms, std::int64_t ratio) {
  return to_tensor(upsample_lms(to_planes(ms, "upsampling MS"), ratio));
}

}  // namespace cf
