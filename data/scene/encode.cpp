#include "data/scene/encode.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "data/raster/stored.h"
#include "data/scene/wide.h"
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

// What a row of samples came to.
struct RowTally {
  std::int32_t outside = 0;
  std::int32_t bad = 0;  // not finite
};

struct Target {
  float scale;
  float lowest;
  float highest;
  bool integer;
};

// For the common types, whose values fit i32 with room for rounding. In steps that compilers make vectors of.
template <class T>
inline __attribute__((always_inline)) RowTally to_small_integers(const float* from, std::int64_t n, const Target& target, T* to) {
  std::int32_t outside = 0;
  std::int32_t bad = 0;
  // What is half a step outside may still be rounded into the range; what is farther off only has to stay outside.
  const float lowest = target.lowest;
  const float highest = target.highest;
  const float below = lowest - 1;
  const float above = highest + 1;
  for (std::int64_t i = 0; i < n; ++i) {
    const float exact = from[i] * target.scale;
    const float not_less = exact > below ? exact : below;
    const float near = not_less < above ? not_less : above;
    const auto whole = static_cast<float>(static_cast<std::int32_t>(near));
    const float rest = near - whole;
    const float up = rest >= 0.5F ? 1.0F : 0.0F;
    const float down = rest <= -0.5F ? 1.0F : 0.0F;
    const float value = whole + up - down;
    const float least = value > lowest ? value : lowest;
    const float most = least < highest ? least : highest;
    outside += static_cast<std::int32_t>(most != value);
    bad += static_cast<std::int32_t>(exact - exact != 0.0F);
    to[i] = static_cast<T>(static_cast<std::int32_t>(most));
  }
  return {outside, bad};
}

CF_WIDE RowTally encode_values(const float* from, std::int64_t n, const Target& target, std::uint8_t* to) {
  return to_small_integers(from, n, target, to);
}
CF_WIDE RowTally encode_values(const float* from, std::int64_t n, const Target& target, std::int8_t* to) {
  return to_small_integers(from, n, target, to);
}
CF_WIDE RowTally encode_values(const float* from, std::int64_t n, const Target& target, std::uint16_t* to) {
  return to_small_integers(from, n, target, to);
}
CF_WIDE RowTally encode_values(const float* from, std::int64_t n, const Target& target, std::int16_t* to) {
  return to_small_integers(from, n, target, to);
}

// Larger integers, and floats.
RowTally encode_values(const float* from, std::int64_t n, const Target& target, float* to) {
  RowTally tally;
  for (std::int64_t i = 0; i < n; ++i) {
    const float exact = from[i] * target.scale;
    tally.bad += exact - exact == 0.0F ? 0 : 1;
    if (!target.integer) {
      to[i] = exact;
      continue;
    }
    const float value = rounded(exact);
    tally.outside += (value < target.lowest ? 1 : 0) + (value > target.highest ? 1 : 0);
    to[i] = std::min(std::max(value, target.lowest), target.highest);
  }
  return tally;
}

// How many values equal `nodata`, which become `beside`.
template <class T>
std::int64_t move_aside(T* values, std::int64_t n, T nodata, T beside) {
  const std::int64_t found = std::count(values, values + n, nodata);
  if (found > 0) std::replace(values, values + n, nodata, beside);
  return found;
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
  std::int64_t nodata = 0;  // pixels
  std::int64_t clamped = 0;
  std::int64_t moved = 0;
  bool finite = true;
};

SampleEncoder::SampleEncoder(SampleType type, SampleRange range, std::optional<double> nodata, double scale)
    : type_(type),
      integer_(is_integer(type)),
      scale_(static_cast<float>(scale)),
      lowest_(f32_above(std::max(range.lowest, -double{std::numeric_limits<float>::max()}))),
      highest_(f32_below(std::min(range.highest, double{std::numeric_limits<float>::max()}))) {
  if (!nodata) return;
  check(holds(type, *nodata), "output: nodata {} cannot be stored as {}", *nodata, name_of(type));
  nodata_ = as_sample(*nodata);
  beside_nodata_ = step_aside(*nodata_, integer_, lowest_, highest_);
}

template <class T>
void SampleEncoder::encode_stretch(const float* from, std::int64_t n, T* to, RowCounts& counts) const {
  const RowTally tally = encode_values(from, n, {scale_, lowest_, highest_, integer_}, to);
  counts.clamped += tally.outside;
  counts.finite = counts.finite && tally.bad == 0;
  if (nodata_) counts.moved += move_aside(to, n, static_cast<T>(*nodata_), static_cast<T>(beside_nodata_));
}

// Stretches of pixels with and without data by turns.
template <class T>
SampleEncoder::RowCounts SampleEncoder::encode_row(const float* from, const std::uint8_t* valid, std::int64_t cols,
                                                   std::int64_t bands, T* to) const {
  RowCounts counts;
  for (std::int64_t x = 0; x < cols;) {
    const std::int64_t first = x;
    const bool there = valid[x] != 0;
    x = std::find(valid + x, valid + cols, there ? std::uint8_t{0} : std::uint8_t{1}) - valid;
    if (there) {
      encode_stretch(from + first * bands, (x - first) * bands, to + first * bands, counts);
    } else {
      std::fill(to + first * bands, to + x * bands, static_cast<T>(nodata_.value_or(0.0F)));
      counts.nodata += x - first;
    }
  }
  return counts;
}

Tensor SampleEncoder::encode(const Tensor& fused, const Window& core, const Tensor& valid, const Window& window,
                             SceneCounts& counts) const {
  check(fused.rank() == 3 && fused.dim(0) == core.rows && fused.dim(1) == core.cols,
        "fuse: a method returned {} for a core of {} x {} pixels", fused.shape().str(), core.rows, core.cols);
  const std::int64_t bands = fused.dim(2);
  const float* from = fused.span<float>().data();
  const std::uint8_t* flags = valid.span<std::uint8_t>().data();
  Tensor samples = room(core, bands);
  std::atomic<std::int64_t> clamped = 0, moved = 0, nodata = 0;
  with_stored(type_, [&](auto kind) {
    auto* const out = reinterpret_cast<decltype(kind)*>(samples.span<std::uint8_t>().data());  // NOLINT: memory for any type
    parallel_for(core.rows, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t y = begin; y < end; ++y) {
        const std::uint8_t* flag = flags + (core.row - window.row + y) * window.cols + core.col - window.col;
        const std::int64_t at = y * core.cols * bands;
        const RowCounts row = encode_row(from + at, flag, core.cols, bands, out + at);
        check(row.finite, "fuse: the result in row {}, between columns {} and {}, is not a finite number", core.row + y, core.col,
              core.col + core.cols - 1);
        clamped += row.clamped;
        moved += row.moved;
        nodata += row.nodata;
      }
    });
  });
  counts.clamped += clamped;
  counts.moved += moved;
  counts.nodata += nodata;
  return samples;
}

Tensor SampleEncoder::room(const Window& core, std::int64_t bands) const {
  return Tensor::empty({core.rows, core.cols, bands * stored_bytes(type_)}, DType::u8);
}

Tensor SampleEncoder::nothing(const Window& core, std::int64_t bands, SceneCounts& counts) const {
  counts.nodata += core.pixels();
  Tensor samples = room(core, bands);
  with_stored(type_, [&](auto kind) {
    auto* const out = reinterpret_cast<decltype(kind)*>(samples.span<std::uint8_t>().data());  // NOLINT: memory for any type
    std::fill_n(out, core.pixels() * bands, static_cast<decltype(kind)>(nodata_.value_or(0.0F)));
  });
  return samples;
}

}  // namespace cf
