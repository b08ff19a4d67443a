// Samples of a set in GPU memory: which ones, and how they are turned, is read there, so that recorded work can take others.
#include "kernels/patches.h"

#include <limits>

#include "kernels/cuda/launch.h"

namespace cf::cuda {
namespace {

// Of the set; channels in pieces.
struct Extents {
  std::int64_t samples, h, w, channels;
};

template <class From, class To, int N>
CF_KERNEL void gather_kernel(std::int64_t pieces, Extents e, float scale, const From* set, const std::int64_t* index,
                             const std::uint8_t* orientations, To* out) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    const std::int64_t pixel = i / e.channels;
    const std::int64_t line = pixel / e.w;
    const std::int64_t b = line / e.h;
    const std::int64_t sample = index[b];
    const std::uint8_t o = orientations[b];
    const bool there =
        sample >= 0 && sample < e.samples && o <= orientation::kAll && ((o & orientation::kTranspose) == 0 || e.h == e.w);
    simt::Vec<To, N> v;
    if (there) {
      const std::int64_t from = orientation::source_pixel(o, e.h, e.w, line - b * e.h, pixel - line * e.w);
      const auto in = simt::load<N>(set + ((sample * e.h * e.w + from) * e.channels + (i - pixel * e.channels)) * N);
      for (int k = 0; k < N; ++k) v.v[k] = static_cast<To>(static_cast<float>(in.v[k]) / scale);
    } else {
      for (To& x : v.v) x = static_cast<To>(std::numeric_limits<float>::quiet_NaN());
    }
    simt::store(v, out + i * N);
  }
}

void gather(ConstView set, ConstView index, ConstView orientations, double scale, View out) {
  if (out.numel() == 0) return;
  // MS images have 4 or 8 bands: pieces of four for all types, at least 4 bytes.
  constexpr int kWide = 4;
  const Shape& s = set.shape;
  dispatch_patches(set.dtype, out.dtype, [&]<class From, class To>(From, To) {
    const auto run = [&](auto width) {
      const std::int64_t pieces = out.numel() / width();
      launch("gather_patches", gather_kernel<From, To, width()>, grid_for(pieces), pieces,
             Extents{s[0], s[1], s[2], s[3] / width()}, static_cast<float>(scale), set.as<From>(), index.as<std::int64_t>(),
             orientations.as<std::uint8_t>(), out.as<To>());
    };
    if (s[3] % kWide == 0 && aligned16(set.data) && aligned16(out.data)) {
      run(std::integral_constant<int, kWide>());
    } else {
      run(std::integral_constant<int, 1>());
    }
  });
}

}  // namespace

void fill(PatchKernels& k) { k.gather = gather; }

}  // namespace cf::cuda
