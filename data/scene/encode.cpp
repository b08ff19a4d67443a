#include "data/scene/encode.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "data/scene/wide.h"
#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf {
namespace {

constexpr float kSmall = 0x1p23F;

// The largest f32 not above `x`, and the smallest not below it.
float f32_below(double x) {
  const auto f = static_cast<float>(x);
  return static_cast<double>(f) > x ? std::nextafter(f, -std::numeric_limits<float>::infinity()) : f;
}
float f32_above(double x) { return -f32_below(-x); }

float step_aside(float nodata, bool integer, float lowest, float highest) {
  if (!integer) {
    return nodata < highest ? std::nextafter(nodata, highest) : std::nextafter(nodata, lowest);
  }
  // Beyond 2^24 neighbouring whole numbers are no neighbours in f32.
  float up = nodata + 1;
  if (up == nodata) up = std::nextafter(nodata, highest);
  float down = nodata - 1;
  if (down == nodata) down = std::nextafter(nodata, lowest);
  return up <= highest ? up : down;
}

// Half away from zero; exact for every f32.
float rounded(float x) {
  const float whole = std::trunc(x);
  const float rest = x - whole;
  return whole + (rest >= 0.5F ? 1.0F : 0.0F) - (rest <= -0.5F ? 1.0F : 0.0F);
}

// What a row of samples came to.
struct RowTally {
  std::int32_t outside = 0;
  std::int32_t bad = 0;  // not finite
};

struct Target {
  float scale;
  float lowest;
  float highest;
};

// For the common types, whose values fit i32 with room for rounding. In steps that compilers make vectors of.
CF_WIDE RowTally to_small_integers(const float* from, std::int64_t n, Target target, float* to) {
  RowTally tally;
  // What is half a step outside may still be rounded into the range; what is farther off only has to stay outside.
  const float below = target.lowest - 1;
  const float above = target.highest + 1;
  for (std::int64_t i = 0; i < n; ++i) {
    const float exact = from[i] * target.scale;
    const float not_less = exact > below ? exact : below;
    const float near = not_less < above ? not_less : above;
    const auto whole = static_cast<float>(static_cast<std::int32_t>(near));
    const float rest = near - whole;
    const float up = rest >= 0.5F ? 1.0F : 0.0F;
    const float down = rest <= -0.5F ? 1.0F : 0.0F;
    const float value = whole + up - down;
    const float least = value > target.lowest ? value : target.lowest;
    const float most = least < target.highest ? least : target.highest;
    tally.outside += static_cast<std::int32_t>(most != value);
    tally.bad += static_cast<std::int32_t>(exact - exact != 0.0F);
    to[i] = most;
  }
  return tally;
}

CF_WIDE RowTally to_integers(const float* from, std::int64_t n, Target target, float* to) {
  RowTally tally;
  for (std::int64_t i = 0; i < n; ++i) {
    const float exact = from[i] * target.scale;
    tally.bad += exact - exact == 0.0F ? 0 : 1;
    const float value = rounded(exact);
    tally.outside += (value < target.lowest ? 1 : 0) + (value > target.highest ? 1 : 0);
    to[i] = std::min(std::max(value, target.lowest), target.highest);
  }
  return tally;
}

CF_WIDE RowTally to_floats(const float* from, std::int64_t n, Target target, float* to) {
  RowTally tally;
  for (std::int64_t i = 0; i < n; ++i) {
    to[i] = from[i] * target.scale;
    tally.bad += to[i] - to[i] == 0.0F ? 0 : 1;
  }
  return tally;
}

}  // namespace

SceneCounts& SceneCounts::operator+=(const SceneCounts& other) {
  nodata += other.nodata;
  above += other.above;
  clamped += other.clamped;
  moved += other.moved;
  return *this;
}

struct SampleEncoder::RowCounts {
  std::int64_t clamped = 0;
  std::int64_t moved = 0;
  bool finite = true;
};

SampleEncoder::SampleEncoder(SampleType type, SampleRange range, std::optional<double> nodata, double scale)
    : integer_(is_integer(type)),
      scale_(static_cast<float>(scale)),
      lowest_(f32_above(std::max(range.lowest, -double{std::numeric_limits<float>::max()}))),
      highest_(f32_below(std::min(range.highest, double{std::numeric_limits<float>::max()}))) {
  if (!nodata) return;
  check(holds(type, *nodata), "output: nodata {} cannot be stored as {}", *nodata, name_of(type));
  nodata_ = as_sample(*nodata);
  beside_nodata_ = step_aside(*nodata_, integer_, lowest_, highest_);
}

void SampleEncoder::encode_row(const float* from, std::int64_t n, float* to, RowCounts& counts) const {
  const Target target{scale_, lowest_, highest_};
  const bool small = lowest_ > -kSmall && highest_ < kSmall;
  const RowTally tally = !integer_ ? to_floats(from, n, target, to)
                         : small   ? to_small_integers(from, n, target, to)
                                   : to_integers(from, n, target, to);
  counts.clamped += tally.outside;
  counts.finite = counts.finite && tally.bad == 0;
  if (!nodata_) return;
  for (std::int64_t i = 0; i < n; ++i) {
    if (to[i] == *nodata_) {
      to[i] = beside_nodata_;
      ++counts.moved;
    }
  }
}

Tensor SampleEncoder::encode(const Tensor& fused, const Window& core, const Tensor& valid, const Window& window,
                             SceneCounts& counts) const {
  check(fused.rank() == 3 && fused.dim(0) == core.rows && fused.dim(1) == core.cols,
        "fuse: a method returned {} for a core of {} x {} pixels", fused.shape().str(), core.rows, core.cols);
  const std::int64_t bands = fused.dim(2);
  const float* from = fused.span<float>().data();
  const std::uint8_t* flags = valid.span<std::uint8_t>().data();
  Tensor samples = Tensor::empty({core.rows, core.cols, bands});
  float* const out = samples.span<float>().data();
  const float gap = nodata_.value_or(0.0F);
  std::atomic<std::int64_t> clamped = 0, moved = 0, nodata = 0;
  parallel_for(core.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = begin; y < end; ++y) {
      const std::uint8_t* flag = flags + (core.row - window.row + y) * window.cols + core.col - window.col;
      RowCounts row;
      std::int64_t x = 0;
      // Stretches of pixels with and without data by turns.
      while (x < core.cols) {
        const std::int64_t first = x;
        const bool there = flag[x] != 0;
        while (x < core.cols && (flag[x] != 0) == there) ++x;
        float* to = out + (y * core.cols + first) * bands;
        if (there) {
          encode_row(from + (y * core.cols + first) * bands, (x - first) * bands, to, row);
        } else {
          std::fill(to, to + (x - first) * bands, gap);
          nodata += x - first;
        }
      }
      check(row.finite, "fuse: the result in row {}, between columns {} and {}, is not a finite number", core.row + y, core.col,
            core.col + core.cols - 1);
      clamped += row.clamped;
      moved += row.moved;
    }
  });
  counts.clamped += clamped;
  counts.moved += moved;
  counts.nodata += nodata;
  return samples;
}

Tensor SampleEncoder::nothing(const Window& core, std::int64_t bands, SceneCounts& counts) const {
  counts.nodata += core.pixels();
  return Tensor::full({core.rows, core.cols, bands}, static_cast<double>(nodata_.value_or(0.0F)));
}

}  // namespace cf
