#include "data/synth/noise.h"

#include <cmath>

#include "framework/core/parallel.h"

namespace cf::synth {
namespace {

double smooth(double t) { return t * t * (3 - 2 * t); }

void add_octave(std::vector<float>& field, std::int64_t side, double period, double height, const Philox& rng) {
  const auto lattice = static_cast<std::int64_t>(static_cast<double>(side) / period) + 2;
  std::vector<double> node(static_cast<std::size_t>(lattice * lattice));
  for (std::size_t i = 0; i < node.size(); ++i) node[i] = rng.normal(i);
  parallel_for(side, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = begin; y < end; ++y) {
      const double v = static_cast<double>(y) / period;
      const auto row = static_cast<std::int64_t>(v);
      const double ty = smooth(v - static_cast<double>(row));
      for (std::int64_t x = 0; x < side; ++x) {
        const double u = static_cast<double>(x) / period;
        const auto col = static_cast<std::int64_t>(u);
        const double tx = smooth(u - static_cast<double>(col));
        const double* at = node.data() + row * lattice + col;
        const double top = at[0] + tx * (at[1] - at[0]);
        const double bottom = at[lattice] + tx * (at[lattice + 1] - at[lattice]);
        field[static_cast<std::size_t>(y * side + x)] += static_cast<float>(height * (top + ty * (bottom - top)));
      }
    }
  });
}

}  // namespace

std::vector<float> fractal_noise(std::int64_t side, double period, int octaves, std::uint64_t seed, std::uint64_t kind) {
  std::vector<float> field(static_cast<std::size_t>(side * side), 0.0F);
  // Interpolation keeps about half of the lattice's variance.
  double height = 1.3;
  for (int k = 0; k < octaves; ++k, period /= 2, height /= 2) {
    add_octave(field, side, period, height, make_rng(seed, RngStream::synth, (kind << 40U) ^ static_cast<std::uint64_t>(k)));
  }
  return field;
}

}  // namespace cf::synth
