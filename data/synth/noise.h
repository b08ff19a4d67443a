// Random numbers and random fields of a scene: functions of seed and place alone, so that threads cannot change them.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/core/rng.h"

namespace cf::synth {

// Draws in a row for one object of a scene. `seed` names the scene, `kind` and `index` the object.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t kind, std::uint64_t index)
      : rng_(make_rng(seed, RngStream::synth, (kind << 40U) ^ index)) {}
  double uniform(double low, double high) { return low + (high - low) * rng_.uniform(next_++); }
  int below(int n) { return static_cast<int>(rng_.below(next_++, static_cast<std::uint64_t>(n))); }
  bool chance(double probability) { return rng_.uniform(next_++) < probability; }

 private:
  Philox rng_;
  std::uint64_t next_ = 0;
};

// A smooth field over side x side pixels, row by row, of zero mean and about unit deviation: the sum of `octaves` layers of
// value noise, the first with a lattice of `period` pixels, each further one with half the period and half the height.
std::vector<float> fractal_noise(std::int64_t side, double period, int octaves, std::uint64_t seed, std::uint64_t kind);

}  // namespace cf::synth
