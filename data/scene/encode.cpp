#include "data/scene/encode.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf {
namespace {

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
  std::int64_t outside = 0;
  std::int64_t bad = 0;
  if (integer_) {
    for (std::int64_t i = 0; i < n; ++i) {
      const float value = rounded(from[i] * scale_);
      outside += (value < lowest_ ? 1 : 0) + (value > highest_ ? 1 : 0);
      bad += value - value == 0.0F ? 0 : 1;
      to[i] = std::min(std::max(value, lowest_), highest_);
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      const float value = from[i] * scale_;
      bad += value - value == 0.0F ? 0 : 1;
      to[i] = value;
    }
  }
  counts.clamped += outside;
  counts.finite = counts.finite && bad == 0;
  if (!nodata_) return;
  for (std::int64_t i = 0; i < n; ++i) {
    if (to[i] == *nodata_) {
      to[i] = beside_nodata_;
      ++counts.moved;
    }
  }
}

std::vector<float> SampleEncoder::encode(const Tensor& fused, const Window& core, const Tensor& valid, const Window& window,
                                         SceneCounts& counts) const {
  check(fused.rank() == 3 && fused.dim(0) == core.rows && fused.dim(1) == core.cols,
        "fuse: a method returned {} for a core of {} x {} pixels", fused.shape().str(), core.rows, core.cols);
  const std::int64_t bands = fused.dim(2);
  const float* from = fused.span<float>().data();
  const std::uint8_t* flags = valid.span<std::uint8_t>().data();
  std::vector<float> out(static_cast<std::size_t>(core.pixels() * bands));
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
        float* to = out.data() + (y * core.cols + first) * bands;
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
  return out;
}

std::vector<float> SampleEncoder::nothing(const Window& core, std::int64_t bands, SceneCounts& counts) const {
  counts.nodata += core.pixels();
  return std::vector<float>(static_cast<std::size_t>(core.pixels() * bands), nodata_.value_or(0.0F));
}

}  // namespace cf
