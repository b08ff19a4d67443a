// The points of the unit circle that a transform of n samples knows.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace cf {

// cos(2 pi i / n) for i = 0 ... n - 1, then the sines.
inline std::vector<float> unit_circle(std::int64_t n) {
  std::vector<float> points(static_cast<std::size_t>(2 * n));
  for (std::int64_t i = 0; i < n; ++i) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n);
    points[static_cast<std::size_t>(i)] = static_cast<float>(std::cos(angle));
    points[static_cast<std::size_t>(n + i)] = static_cast<float>(std::sin(angle));
  }
  return points;
}

}  // namespace cf
