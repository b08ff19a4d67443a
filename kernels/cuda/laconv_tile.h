// What the laconv kernels share: tiles of pixels with a halo in shared memory, and sums in registers.
//
// All kernels walk over the offsets of the window in groups of 3 x 3: a tile and the pixels around it that one group reaches are
// staged together, so that shared memory does not depend on k, and k = 3 needs one group. Nothing of size k*k*C per pixel
// exists anywhere.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cuda/launch.h"
#include "kernels/laconv.h"

namespace cf::cuda::laconv {

constexpr int kGroup = 3;  // offsets of a group, along either side
constexpr int kTileCols = 16;
constexpr int kThreadPixels = 4;  // of one column, that one thread computes
constexpr int kHaloCols = kTileCols + kGroup - 1;

using Floats4 = simt::Vec<float, 4>;

struct Sizes {
  int n, h, w;
  int in, out, k;  // C, O

  Sizes() = default;
  Sizes(const ConstView& x, const ConstView& weight)
      : n(static_cast<int>(x.shape[0])),
        h(static_cast<int>(x.shape[1])),
        w(static_cast<int>(x.shape[2])),
        in(static_cast<int>(x.shape[3])),
        out(static_cast<int>(weight.shape[0])),
        k(static_cast<int>(weight.shape[1])) {}
  CF_HOST_DEVICE int taps() const { return k * k; }
  CF_HOST_DEVICE int groups() const { return (k + kGroup - 1) / kGroup; }  // along either side
  CF_HOST_DEVICE bool inside(int row, int col) const { return row >= 0 && row < h && col >= 0 && col < w; }
  CF_HOST_DEVICE std::int64_t pixel(int image, int row, int col) const {
    return (static_cast<std::int64_t>(image) * h + row) * w + col;
  }
};

CF_HOST_DEVICE constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

// kRows x 16 pixels of one image, the first at (row, col).
template <int kRows>
struct Tile {
  static constexpr int kPixels = kRows * kTileCols;
  static constexpr int kHaloRows = kRows + kGroup - 1;
  static constexpr int kHaloPixels = kHaloRows * kHaloCols;
  static constexpr int kPixelThreads = kPixels / kThreadPixels;

  int image, row, col;

  CF_HOST_DEVICE static int per_image(const Sizes& s) { return ceil_div(s.h, kRows) * ceil_div(s.w, kTileCols); }
  CF_HOST_DEVICE static Tile of(const Sizes& s, int index) {
    const int across = ceil_div(s.w, kTileCols);
    const int within = index % per_image(s);
    return {index / per_image(s), within / across * kRows, within % across * kTileCols};
  }
  static unsigned count(const Sizes& s) { return static_cast<unsigned>(s.n * per_image(s)); }
};

// Whether rows of `channels` elements at these addresses can be read four at a time.
inline bool in_fours(std::initializer_list<const void*> addresses, int channels) {
  bool all = channels % 4 == 0;
  for (const void* a : addresses) all = all && aligned16(a);
  return all;
}

// Four elements as f32, zeros from the `left`-th on.
template <class T>
CF_DEVICE Floats4 fetch(const T* from, int left, bool fours) {
  Floats4 v{};
  if (fours && left > 0) {
    const auto raw = simt::load<4>(from);
    for (int e = 0; e < 4; ++e) v.v[e] = static_cast<float>(raw.v[e]);
  } else {
    for (int e = 0; e < 4; ++e) {
      if (e < left) v.v[e] = static_cast<float>(from[e]);
    }
  }
  return v;
}

// Stores four values of a row, fewer where the row ends.
template <class T>
CF_DEVICE void put(const float (&v)[4], T* to, int left, bool fours) {
  if (fours && left > 0) {
    simt::Vec<T, 4> raw;
    for (int e = 0; e < 4; ++e) raw.v[e] = static_cast<T>(v[e]);
    simt::store(raw, to);
  } else {
    for (int e = 0; e < 4; ++e) {
      if (e < left) to[e] = static_cast<T>(v[e]);
    }
  }
}

CF_DEVICE Floats4 times(const Floats4& a, const Floats4& b) {
  return {{a.v[0] * b.v[0], a.v[1] * b.v[1], a.v[2] * b.v[2], a.v[3] * b.v[3]}};
}

// Rows of `channels` elements per pixel in global memory.
template <class T>
struct Plane {
  const T* data;
  int channels;
  bool fours;
};

// Copies kRows x kCols pixels from (row, col) on, channels [c0, c0 + kChannels), into shared memory, zeros outside the image and
// beyond the channels. gain (channels of the image), if not null, is multiplied in.
template <int kRows, int kCols, int kChannels, int kStride, class T>
CF_DEVICE void stage_pixels(const Sizes& s, const Plane<T>& from, int image, int row, int col, int c0, const T* gain, float* to) {
  constexpr int kPieces = kChannels / 4;
  for (int i = static_cast<int>(simt::thread().x); i < kRows * kCols * kPieces; i += static_cast<int>(simt::threads().x)) {
    const int piece = i % kPieces;
    const int at = i / kPieces;
    const int r = row + at / kCols;
    const int c = col + at % kCols;
    const int channel = c0 + piece * 4;
    const int left = s.inside(r, c) ? from.channels - channel : 0;
    Floats4 v = fetch(from.data + (left > 0 ? s.pixel(image, r, c) * from.channels + channel : 0), left, from.fours);
    if (gain != nullptr) v = times(v, fetch(gain + (left > 0 ? channel : 0), left, from.fours));
    simt::store(v, to + at * kStride + piece * 4);
  }
}

// out[group][e] = sum over b of parts[group * group_stride + b * stride + e], in the order of b within each of 8 slices, then
// over the slices.
struct PartialSums {
  int groups, count;
  std::int64_t group_stride, stride, elements;
};

constexpr int kSumElements = 32;
constexpr int kSumSlices = 8;

template <class T>
CF_KERNEL void sum_partials_kernel(PartialSums p, const float* parts, T* out) {
  CF_SHARED(float, sums, kSumElements* kSumSlices);
  const int slice = static_cast<int>(simt::thread().x) / kSumElements;
  const int lane = static_cast<int>(simt::thread().x) % kSumElements;
  const int group = static_cast<int>(simt::block().y);
  const std::int64_t e = static_cast<std::int64_t>(simt::block().x) * kSumElements + lane;
  float sum = 0;
  if (e < p.elements) {
    for (int b = slice; b < p.count; b += kSumSlices) sum += parts[group * p.group_stride + b * p.stride + e];
  }
  sums[slice * kSumElements + lane] = sum;
  simt::sync();
  if (slice != 0 || e >= p.elements) return;
  for (int k = 1; k < kSumSlices; ++k) sum += sums[k * kSumElements + lane];
  out[group * p.elements + e] = static_cast<T>(sum);
}

template <class T>
void sum_partials(const PartialSums& p, const float* parts, T* out) {
  const auto blocks = static_cast<unsigned>((p.elements + kSumElements - 1) / kSumElements);
  launch("laconv_sum", sum_partials_kernel<T>, Grid{{blocks, static_cast<unsigned>(p.groups)}, {kSumElements * kSumSlices}}, p,
         parts, out);
}

}  // namespace cf::cuda::laconv
