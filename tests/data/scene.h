// The closed-form scene of the golden metric values: smooth fields, a fine stripe, band-dependent phases.
#pragma once

#include <cmath>

#include "data/image/planes.h"

namespace cf::test {

struct Scene {
  Planes gt, fused, pan;
};

inline Scene closed_form_scene(std::int64_t n, std::int64_t bands) {
  Scene s{{n, n, bands}, {n, n, bands}, {n, n, 1}};
  for (std::int64_t i = 0; i < n * n; ++i) {
    const auto y = static_cast<double>(i / n);
    const auto x = static_cast<double>(i % n);
    for (std::int64_t k = 0; k < bands; ++k) {
      const auto b = static_cast<double>(k);
      const double wave = 300 * std::sin(0.11 * x * (1 + 0.05 * b)) * std::cos(0.07 * y);
      s.gt.band(k)[i] = 800 + 37 * b + wave + 120 * std::sin(0.9 * x + 0.5 * y + b);
      s.fused.band(k)[i] = s.gt.band(k)[i] + 30 * std::sin(1.7 * x - 1.1 * y + 0.6 * b) + 5 * b;
    }
    s.pan.band(0)[i] = 800 + 280 * std::sin(0.12 * x) * std::cos(0.07 * y) + 150 * std::sin(0.9 * x + 0.5 * y + 1.5);
  }
  return s;
}

}  // namespace cf::test
