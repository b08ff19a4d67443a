// The interpolation of MS at any position: the toolbox's 23-tap half-band scheme, continued between its own samples.
#pragma once

#include <cstdint>
#include <vector>

#include "data/scene/grid.h"

namespace cf {

inline constexpr std::int64_t kLmsTaps = 16;  // samples that a position between two samples depends on
inline constexpr std::int64_t kLmsReach = 8;  // the farthest of them, in MS pixels

// The limit of doubling an impulse again and again with the half-band filter of interp23tap (data/image/interp.h): 1 at 0, 0 at
// other whole numbers and from +-11 on, and at multiples of 1/2, 1/4, 1/8 ... what that many doublings give. So at the toolbox's
// positions it is the toolbox's interpolation. Computed at multiples of 2^-12 and linear between these (error below 1e-6).
// Interpolation leaves out what lies kLmsReach or farther away: it adds up to less than 3e-8 of a sample, half of what f32
// resolves.
double lms_kernel(double t);

// How outputs along one axis are made of samples: output i is the sum over t < kLmsTaps of weight[i kLmsTaps + t] times sample
// first[i] + t. Samples outside 0 .. n - 1 are mirrored by whoever supplies them.
struct AxisTaps {
  std::vector<std::int64_t> first;
  std::vector<float> weight;
  std::int64_t lowest = 0;  // of all samples that are used
  std::int64_t highest = 0;

  std::int64_t size() const { return static_cast<std::int64_t>(first.size()); }
};

// Of outputs begin .. end - 1, mirrored into 0 .. length - 1, at positions map(i).
AxisTaps plan_taps(const AxisMap& map, std::int64_t begin, std::int64_t end, std::int64_t length);

// One image (rows, cols, bands), row by row, of whose samples the first is sample (row, col).
struct SampleGrid {
  std::int64_t row = 0;
  std::int64_t col = 0;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t bands = 0;
  const float* data = nullptr;
};

// Both axes: out is (row taps' size, column taps' size, bands), times `gain`. The grid holds every sample that the taps name.
void interpolate(const SampleGrid& samples, const AxisTaps& rows, const AxisTaps& cols, float gain, float* out);

}  // namespace cf
