#include "kernels/patches.h"

namespace cf::reference {
namespace {

void gather(ConstView set, ConstView index, ConstView orientations, double scale, View out) {
  const auto* indices = index.as<std::int64_t>();
  const auto* symmetries = orientations.as<std::uint8_t>();
  const auto divisor = static_cast<float>(scale);
  const Shape& s = set.shape;
  dispatch_patches(set.dtype, out.dtype, [&]<class From, class To>(From, To) {
    const From* samples = set.as<From>();
    To* to = out.as<To>();
    for (std::int64_t b = 0; b < index.numel(); ++b) {
      check_patch(s, indices[b], symmetries[b]);
      for (std::int64_t p = 0; p < s[1] * s[2]; ++p) {
        const std::int64_t pixel =
            indices[b] * s[1] * s[2] + orientation::source_pixel(symmetries[b], s[1], s[2], p / s[2], p % s[2]);
        for (std::int64_t c = 0; c < s[3]; ++c) *to++ = static_cast<To>(static_cast<float>(samples[pixel * s[3] + c]) / divisor);
      }
    }
  });
}

}  // namespace

void fill(PatchKernels& k) { k.gather = gather; }

}  // namespace cf::reference
