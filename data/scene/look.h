// A look at a raster's values before anything is computed: whether the scale that was chosen can be right.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/raster/raster.h"
#include "data/scene/nodata.h"

namespace cf {

struct ValueLook {
  std::int64_t count = 0;  // valid samples that were looked at
  double lowest = 0;
  double median = 0;
  double largest = 0;
  bool whole = false;  // all of the raster
};

// All of a small raster, else windows spread over it (some two million pixels).
ValueLook look_at(RasterReader& raster, const NodataRule& rule, std::span<const std::int64_t> bands);

// The full scale of data with these values: 2^n - 1 for integers of n = 8, 10, 11, 12, 16 bits; 1 for floats that end near it.
double scale_for(const ValueLook& pan, const ValueLook& ms, bool integers);

// What is wrong with a scale, with what to do; empty where nothing is. `far_off`: so wrong that a network cannot work on it.
struct ScaleVerdict {
  std::string text;
  bool far_off = false;
};
ScaleVerdict judge_scale(const ValueLook& pan, const ValueLook& ms, double scale);

}  // namespace cf
