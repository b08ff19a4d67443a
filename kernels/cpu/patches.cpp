// Rows of samples, by threads; those that are read forwards in one loop, which the compiler vectorises.
#include "kernels/patches.h"

#include "framework/core/parallel.h"

namespace cf::cpu {
namespace {

template <class From, class To>
void divide(const From* from, std::int64_t n, float scale, To* to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<To>(static_cast<float>(from[i]) / scale);
}

// Row `row` of a sample of shape `s`[1:] in symmetry `o`.
template <class From, class To>
void gather_row(const From* sample, const Shape& s, std::uint8_t o, std::int64_t row, float scale, To* to) {
  const std::int64_t w = s[2];
  const std::int64_t channels = s[3];
  const std::int64_t first = orientation::source_pixel(o, s[1], w, row, 0);
  if ((o & (orientation::kTranspose | orientation::kFlipCols)) == 0) {
    divide(sample + first * channels, w * channels, scale, to);
    return;
  }
  const std::int64_t step = w > 1 ? orientation::source_pixel(o, s[1], w, row, 1) - first : 0;
  for (std::int64_t col = 0; col < w; ++col)
    divide(sample + (first + col * step) * channels, channels, scale, to + col * channels);
}

void gather(ConstView set, ConstView index, ConstView orientations, double scale, View out) {
  constexpr std::int64_t kGrain = 16384;  // elements worth a thread
  const auto* indices = index.as<std::int64_t>();
  const auto* symmetries = orientations.as<std::uint8_t>();
  const Shape& s = set.shape;
  for (std::int64_t b = 0; b < index.numel(); ++b) check_patch(s, indices[b], symmetries[b]);
  const std::int64_t numel = s[2] * s[3];
  dispatch_patches(set.dtype, out.dtype, [&]<class From, class To>(From, To) {
    parallel_for(index.numel() * s[1], 1 + kGrain / (numel + 1), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t b = r / s[1];
        gather_row(set.as<From>() + indices[b] * s[1] * numel, s, symmetries[b], r % s[1], static_cast<float>(scale),
                   out.as<To>() + r * numel);
      }
    });
  });
}

}  // namespace

void fill(PatchKernels& k) { k.gather = gather; }

}  // namespace cf::cpu
