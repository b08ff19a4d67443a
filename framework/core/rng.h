// Counter-based random numbers: Philox-4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// A number is a function of (seed, stream, index) alone, so it is the same whatever the thread count, order or backend.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "framework/core/host_device.h"

namespace cf {

class Philox {
 public:
  CF_HOST_DEVICE constexpr Philox(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  // Four 32-bit words at block `index`.
  CF_HOST_DEVICE constexpr std::array<std::uint32_t, 4> block(std::uint64_t index) const {
    std::array<std::uint32_t, 4> c = {lo(index), hi(index), lo(stream_), hi(stream_)};
    std::uint32_t k0 = lo(seed_);
    std::uint32_t k1 = hi(seed_);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c[0];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c[2];
      c = {hi(p1) ^ c[1] ^ k0, lo(p1), hi(p0) ^ c[3] ^ k1, lo(p0)};
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    return c;
  }

  CF_HOST_DEVICE constexpr std::uint32_t word(std::uint64_t i) const { return block(i / 4)[static_cast<std::size_t>(i % 4)]; }
  // 53 random bits.
  CF_HOST_DEVICE constexpr std::uint64_t bits(std::uint64_t i) const { return bits_of(block(i / 2), i); }
  // The same for a caller that has block(i / 2) already.
  CF_HOST_DEVICE static constexpr std::uint64_t bits_of(const std::array<std::uint32_t, 4>& b, std::uint64_t i) {
    const std::size_t at = static_cast<std::size_t>(i % 2) * 2;
    return ((std::uint64_t{b[at]} << 32U) | b[at + 1]) >> 11U;
  }
  // Uniform in [0, 1).
  CF_HOST_DEVICE constexpr double uniform(std::uint64_t i) const { return static_cast<double>(bits(i)) * 0x1p-53; }
  // Standard normal (Box-Muller; indices 2j and 2j+1 share a pair of uniforms).
  double normal(std::uint64_t i) const {
    const std::uint64_t pair = i / 2 * 2;
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform(pair)));
    const double angle = 2.0 * std::numbers::pi * uniform(pair + 1);
    return radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
  }
  // Uniform in [0, n).
  CF_HOST_DEVICE constexpr std::uint64_t below(std::uint64_t i, std::uint64_t n) const {
    return static_cast<std::uint64_t>(uniform(i) * static_cast<double>(n));
  }

 private:
  CF_HOST_DEVICE static constexpr std::uint32_t lo(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  CF_HOST_DEVICE static constexpr std::uint32_t hi(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32U); }
  std::uint64_t seed_;
  std::uint64_t stream_;
};

// The streams of the project, so that no two uses of one seed overlap.
enum class RngStream : std::uint64_t {
  init = 1,
  shuffle = 2,
  augment = 3,
  dropout = 4,
  noise = 5,  // that sampling starts from
  synth = 6,
  test = 7,
  timestep = 8,   // of a diffusion in training
  diffusion = 9,  // its noise
};

CF_HOST_DEVICE inline Philox make_rng(std::uint64_t seed, RngStream stream, std::uint64_t salt = 0) {
  return {seed, (static_cast<std::uint64_t>(stream) << 48U) ^ salt};
}

}  // namespace cf
