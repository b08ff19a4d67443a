#include "kernels/axis_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace cf {
namespace {

// Where output i lies, in units of input samples.
double source_position(bool align_corners, std::int64_t inputs, std::int64_t outputs, std::int64_t i) {
  const auto n = static_cast<double>(inputs);
  const auto m = static_cast<double>(outputs);
  const auto at = static_cast<double>(i);
  if (align_corners) return outputs > 1 ? at * (n - 1) / (m - 1) : 0;
  return (at + 0.5) * n / m - 0.5;
}

// Weights of the samples at -1, 0, 1, 2 for a position t in [0, 1): Keys' eqs. 4 and 15 with general a.
std::array<double, 4> cubic_weights(double t) {
  constexpr double a = -0.75;
  const auto inner = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto outer = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {outer(1 + t), inner(t), inner(1 - t), outer(2 - t)};
}

}  // namespace

AxisMap AxisMap::transposed() const {
  AxisMap t;
  t.inputs = outputs();
  t.first.assign(static_cast<std::size_t>(inputs) + 1, 0);
  t.index.resize(index.size());
  t.weight.resize(weight.size());
  for (const std::int64_t i : index) ++t.first[static_cast<std::size_t>(i) + 1];
  for (std::size_t i = 1; i < t.first.size(); ++i) t.first[i] += t.first[i - 1];
  std::vector<std::int64_t> next = t.first;
  for (std::int64_t o = 0; o < outputs(); ++o) {
    for_each_term(o, [&](std::int64_t i, double w) {
      const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(i)]++);
      t.index[at] = o;
      t.weight[at] = w;
    });
  }
  return t;
}

AxisMap interpolation_map(Resample mode, bool align_corners, std::int64_t inputs, std::int64_t outputs) {
  AxisMap map;
  map.inputs = inputs;
  const auto clamped = [inputs](std::int64_t i) { return std::clamp<std::int64_t>(i, 0, inputs - 1); };
  for (std::int64_t i = 0; i < outputs; ++i) {
    const double position = source_position(align_corners, inputs, outputs, i);
    const double base = std::floor(position);
    const auto at = static_cast<std::int64_t>(base);
    const double t = position - base;
    switch (mode) {
      case Resample::nearest: map.add(i * inputs / outputs, 1); break;
      case Resample::bilinear:
        map.add(clamped(at), 1 - t);
        map.add(clamped(at + 1), t);
        break;
      case Resample::bicubic: {
        const auto w = cubic_weights(t);
        for (std::int64_t k = 0; k < 4; ++k) map.add(clamped(at - 1 + k), w[static_cast<std::size_t>(k)]);
        break;
      }
    }
    map.end_output();
  }
  return map;
}

AxisMap box_mean_map(std::int64_t size, std::int64_t n) {
  AxisMap map;
  map.inputs = n;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = i - size / 2; j <= i + size / 2; ++j) {
      const std::int64_t from = n - 1 - std::abs(n - 1 - std::abs(j));
      map.add(from, 1.0 / static_cast<double>(size));
    }
    map.end_output();
  }
  return map;
}

}  // namespace cf
