// Mirroring and turning samples, all quantities of a sample alike.
#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"
#include "framework/core/rng.h"

namespace cf {

// One of the eight symmetries of the square: transposed first, then mirrored. A quarter turn is a transposition and a mirror.
struct Symmetry {
  bool transpose = false;
  bool flip_rows = false;  // top-bottom
  bool flip_cols = false;  // left-right
};

// The symmetry as ops::gather_patches reads it: bit 0 transposes, bit 1 flips rows, bit 2 flips columns.
constexpr std::uint8_t code_of(const Symmetry& s) {
  return static_cast<std::uint8_t>((s.transpose ? 1 : 0) | (s.flip_rows ? 2 : 0) | (s.flip_cols ? 4 : 0));
}

// The symmetry of sample number `counter`: a mirror each way with probability 1/2 (`flips`), 0 to 3 quarter turns with
// probability 1/4 each (`turns`).
Symmetry draw_symmetry(const Philox& rng, std::uint64_t counter, bool flips, bool turns);

// Applies one symmetry per sample of an f32 batch (N, H, W, C), in place. Throws Error where H != W and one transposes.
void transform(std::span<const Symmetry> symmetries, const Tensor& images);
void transform(std::span<const Symmetry> symmetries, const Batch& batch);

}  // namespace cf
