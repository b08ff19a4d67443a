// Batches of training samples from a set that stays in memory: the contract every backend fills in.
#pragma once

#include <cstdint>

#include "framework/core/host_device.h"
#include "framework/core/view.h"

namespace cf {

// One of the eight symmetries of the square, as bits of a byte: transposed first, then mirrored.
namespace orientation {
constexpr std::uint8_t kTranspose = 1;
constexpr std::uint8_t kFlipRows = 2;  // top-bottom
constexpr std::uint8_t kFlipCols = 4;  // left-right
constexpr std::uint8_t kAll = 7;

// The pixel, counted row by row, of an image of h x w that stands at (row, col) after symmetry `o`. h = w where it transposes.
CF_HOST_DEVICE constexpr std::int64_t source_pixel(std::uint8_t o, std::int64_t h, std::int64_t w, std::int64_t row,
                                                   std::int64_t col) {
  const std::int64_t r = (o & kFlipRows) != 0 ? h - 1 - row : row;
  const std::int64_t c = (o & kFlipCols) != 0 ? w - 1 - col : col;
  return (o & kTranspose) != 0 ? c * w + r : r * w + c;
}
}  // namespace orientation

// Calls fn(From{}, To{}) for the element types of a set and of what is taken from it; any others are an error.
template <class F>
void dispatch_patches(DType set, DType out, F&& fn) {
  const auto to = [&](auto from) {
    if (out == DType::f32) return fn(from, float{});
    if (out == DType::bf16) return fn(from, bf16{});
    fail("gather_patches: gives f32 or bf16, not {}", name_of(out));
  };
  if (set == DType::u8) return to(std::uint8_t{});
  if (set == DType::u16) return to(std::uint16_t{});
  if (set == DType::f32) return to(float{});
  fail("gather_patches: takes from a set of u8, u16 or f32, not {}", name_of(set));
}

// Throws Error where a sample cannot be taken. For backends that can read the indices.
inline void check_patch(const Shape& set, std::int64_t index, std::uint8_t o) {
  check(index >= 0 && index < set[0], "gather_patches: sample {} of a set of {}", index, set[0]);
  check(o <= orientation::kAll, "gather_patches: orientation {}, of 0 to {}", o, orientation::kAll);
  check((o & orientation::kTranspose) == 0 || set[1] == set[2], "gather_patches: samples of {} x {} cannot be transposed", set[1],
        set[2]);
}

struct PatchKernels {
  // out[b] = sample index[b] of `set`, divided by `scale`, in symmetry orientation[b]. set (N, h, w, C) in u8, u16 or f32, index
  // i64 (B), orientation u8 (B), out (B, h, w, C) in f32 or bf16; all on one device. The division is that of two f32, the result
  // is rounded once. An index outside the set, an unknown orientation, and one that transposes where h != w, are errors on the
  // CPU; a GPU cannot tell the host, and makes the sample NaN.
  void (*gather)(ConstView set, ConstView index, ConstView orientation, double scale, View out);
};

namespace reference {
void fill(PatchKernels& k);
}
namespace cpu {
void fill(PatchKernels& k);
}
namespace cuda {
void fill(PatchKernels& k);
}

}  // namespace cf
