// Random shapes and options for cases that nobody thought of.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "framework/core/rng.h"
#include "framework/core/shape.h"

namespace cf {

// The same sequence for the same seed. Extents are small, since the reference computes them too, and mostly leave a rest behind
// vectors, tiles and warps.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : rng_(make_rng(seed, RngStream::test, kSalt)) {}

  // From low to high, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(rng_.below(next_++, static_cast<std::uint64_t>(high - low + 1)));
  }
  bool coin() { return between(0, 1) == 1; }
  template <class T, std::size_t n>
  const T& pick(const std::array<T, n>& choices) {
    return choices[static_cast<std::size_t>(between(0, n - 1))];
  }

  std::int64_t channels() { return pick(std::array<std::int64_t, 12>{1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 32, 37}); }
  // (N, H, W, C)
  Shape image(std::int64_t least = 1, std::int64_t most = 9) {
    const std::int64_t n = between(1, 2);
    const std::int64_t h = between(least, most);
    const std::int64_t w = between(least, most);
    return {n, h, w, channels()};
  }
  // One to four dimensions.
  Shape any() {
    const Shape whole = image();
    return Shape(whole.dims().subspan(static_cast<std::size_t>(between(0, 3))));
  }
  // What broadcasts to `whole`: some extents 1, leading ones left out.
  Shape broadcast_to(const Shape& whole) {
    Shape part(whole.dims().subspan(static_cast<std::size_t>(between(0, whole.rank() - 1))));
    for (int d = 0; d < part.rank(); ++d) part[d] = between(0, 2) == 0 ? 1 : part[d];
    return part;
  }

 private:
  static constexpr std::uint64_t kSalt = 0xd1ce;
  Philox rng_;
  std::uint64_t next_ = 0;
};

}  // namespace cf
