// laconv forward: an implicit matrix product of scaled pixels and weights, summed in registers. A thread makes 4 pixels x 16
// (or 4) outputs from values in shared memory.
#include "kernels/cuda/laconv_tile.h"

#include "kernels/cuda/laconv_grads.h"

namespace cf::cuda {
namespace laconv {
namespace {

using ForwardTile = Tile<16>;
constexpr int kDepth = 16;           // channels staged at a time
constexpr int kStride = kDepth + 4;  // between pixels: eight neighbours lie in different banks
constexpr int kOutGroups = 2;        // threads that share a pixel
constexpr int kForwardThreads = ForwardTile::kPixelThreads * kOutGroups;

template <int kOut>
struct ForwardShared {
  static constexpr int kWeightStride = kOutGroups * kOut + 4;
  float x[ForwardTile::kHaloPixels * kStride];
  float weight[kGroup * kDepth * kWeightStride];  // [offset of the row][c][o]
  float spatial[kGroup * ForwardTile::kPixels];   // [offset of the row][pixel]
  float channel[ForwardTile::kPixels * kStride];  // last: there only where every pixel has its own
  static constexpr std::size_t bytes(bool full) { return sizeof(ForwardShared) - (full ? 0 : sizeof(channel)); }
};

template <class T>
struct Forward {
  Sizes s;
  Plane<T> x;
  const T* spatial;
  Plane<T> channel;  // data of the image's, or of the pixel's
  Plane<T> weight;
  const T* bias;
  float leaky_slope;
  T* y;
};

// Weights of offsets (row, col) ... (row, col + 2), channels from c0 and outputs from o0 on, zeros beyond.
template <class T, int kOut>
CF_DEVICE void stage_weights(const Forward<T>& f, int row, int col, int c0, int o0, ForwardShared<kOut>& shared) {
  constexpr int kPieces = kDepth / 4;
  constexpr int kOuts = kOutGroups * kOut;
  for (int i = static_cast<int>(simt::thread().x); i < kGroup * kOuts * kPieces; i += kForwardThreads) {
    const int piece = i % kPieces;
    const int o = i / kPieces % kOuts;
    const int v = i / (kPieces * kOuts);
    const int c = c0 + piece * 4;
    const int left = o0 + o < f.s.out && col + v < f.s.k ? f.s.in - c : 0;
    const std::int64_t at = (static_cast<std::int64_t>(o0 + o) * f.s.taps() + row * f.s.k + col + v) * f.s.in + c;
    const Floats4 w = fetch(f.weight.data + (left > 0 ? at : 0), left, f.weight.fours);
    CF_UNROLL
    for (int e = 0; e < 4; ++e) shared.weight[(v * kDepth + piece * 4 + e) * shared.kWeightStride + o] = w.v[e];
  }
}

// Spatial weights of the same offsets, zeros outside the image.
template <class T, int kOut>
CF_DEVICE void stage_spatial(const Forward<T>& f, const ForwardTile& tile, int row, int col, ForwardShared<kOut>& shared) {
  for (int i = static_cast<int>(simt::thread().x); i < kGroup * ForwardTile::kPixels; i += kForwardThreads) {
    const int v = i / ForwardTile::kPixels;
    const int at = i % ForwardTile::kPixels;
    const int r = tile.row + at / kTileCols;
    const int c = tile.col + at % kTileCols;
    const bool there = f.s.inside(r, c) && col + v < f.s.k;
    shared.spatial[i] =
        there ? static_cast<float>(f.spatial[f.s.pixel(tile.image, r, c) * f.s.taps() + row * f.s.k + col + v]) : 0.0F;
  }
}

// Adds the products of one offset; x_at: of this thread's pixels in the halo, moved by the offset.
template <int kOut, bool kFull>
CF_DEVICE void add_offset(const ForwardShared<kOut>& shared, int v, int x_at, int pixel, int out, int depth,
                          float (&sums)[kThreadPixels][kOut]) {
  constexpr int kRowStep = ForwardTile::kPixelThreads;  // pixels between those of a thread
  constexpr int kHaloStep = kRowStep / kTileCols * kHaloCols;
  float s[kThreadPixels];
  CF_UNROLL
  for (int j = 0; j < kThreadPixels; ++j) s[j] = shared.spatial[v * ForwardTile::kPixels + pixel + j * kRowStep];
  for (int c = 0; c < depth; c += 4) {
    Floats4 scaled[kThreadPixels];
    CF_UNROLL
    for (int j = 0; j < kThreadPixels; ++j) {
      scaled[j] = simt::load<4>(shared.x + (x_at + j * kHaloStep) * kStride + c);
      for (float& e : scaled[j].v) e *= s[j];
      if constexpr (kFull) {
        scaled[j] = times(scaled[j], simt::load<4>(shared.channel + (pixel + j * kRowStep) * kStride + c));
      }
    }
    CF_UNROLL
    for (int e = 0; e < 4; ++e) {
      const float* weights = shared.weight + (v * kDepth + c + e) * shared.kWeightStride + out;
      CF_UNROLL
      for (int o = 0; o < kOut; o += 4) {
        const auto w = simt::load<4>(weights + o);
        CF_UNROLL
        for (int j = 0; j < kThreadPixels; ++j) {
          CF_UNROLL
          for (int q = 0; q < 4; ++q) sums[j][o + q] += scaled[j].v[e] * w.v[q];
        }
      }
    }
  }
}

template <class T, int kOut>
CF_DEVICE void store_outputs(const Forward<T>& f, const ForwardTile& tile, int pixel, int o0,
                             const float (&sums)[kThreadPixels][kOut]) {
  const bool fours = f.s.out % 4 == 0 && f.weight.fours;
  CF_UNROLL
  for (int j = 0; j < kThreadPixels; ++j) {
    const int at = pixel + j * ForwardTile::kPixelThreads;
    const int row = tile.row + at / kTileCols;
    const int col = tile.col + at % kTileCols;
    if (!f.s.inside(row, col)) continue;
    T* y = f.y + f.s.pixel(tile.image, row, col) * f.s.out;
    CF_UNROLL
    for (int o = 0; o < kOut; o += 4) {
      const int left = f.s.out - o0 - o;
      float v[4];
      CF_UNROLL
      for (int q = 0; q < 4; ++q) {
        v[q] = sums[j][o + q] + (q < left ? static_cast<float>(f.bias[o0 + o + q]) : 0.0F);
        v[q] = v[q] > 0 ? v[q] : f.leaky_slope * v[q];
      }
      put(v, y + o0 + o, left, fours);
    }
  }
}

template <class T, int kOut, bool kFull>
CF_KERNEL CF_BLOCKS(kForwardThreads, kFull ? 3 : 4) void forward_kernel(Forward<T> f) {
  auto& shared = *simt::dynamic_shared<ForwardShared<kOut>>();
  const auto tile = ForwardTile::of(f.s, static_cast<int>(simt::block().x));
  const int o0 = static_cast<int>(simt::block().y) * kOutGroups * kOut;
  const int pixel = static_cast<int>(simt::thread().x) % ForwardTile::kPixelThreads;
  const int out = static_cast<int>(simt::thread().x) / ForwardTile::kPixelThreads * kOut;
  const int halo_at = pixel / kTileCols * kHaloCols + pixel % kTileCols;
  const int groups = f.s.groups();
  const int radius = f.s.k / 2;
  const T* gain = kFull ? nullptr : f.channel.data + static_cast<std::int64_t>(tile.image) * f.s.in;
  float sums[kThreadPixels][kOut] = {};
  for (int c0 = 0; c0 < f.s.in; c0 += kDepth) {
    const int depth = f.s.in - c0 < kDepth ? f.s.in - c0 : kDepth;
    for (int group = 0; group < groups * groups; ++group) {
      const int row = group / groups * kGroup;
      const int col = group % groups * kGroup;
      const int rows = f.s.k - row < kGroup ? f.s.k - row : kGroup;
      const int cols = f.s.k - col < kGroup ? f.s.k - col : kGroup;
      for (int u = 0; u < rows; ++u) {
        simt::sync();
        if (u == 0) {
          stage_pixels<ForwardTile::kHaloRows, kHaloCols, kDepth, kStride>(f.s, f.x, tile.image, tile.row + row - radius,
                                                                           tile.col + col - radius, c0, gain, shared.x);
          if constexpr (kFull) {
            stage_pixels<16, kTileCols, kDepth, kStride, T>(f.s, f.channel, tile.image, tile.row, tile.col, c0, nullptr,
                                                            shared.channel);
          }
        }
        stage_weights(f, row + u, col, c0, o0, shared);
        stage_spatial(f, tile, row + u, col, shared);
        simt::sync();
        for (int v = 0; v < cols; ++v) {
          add_offset<kOut, kFull>(shared, v, halo_at + u * kHaloCols + v, pixel, out, depth, sums);
        }
      }
    }
  }
  store_outputs(f, tile, pixel, o0 + out, sums);
}

template <class T, int kOut, bool kFull>
void launch_forward(const Forward<T>& f) {
  const auto outs = static_cast<unsigned>(ceil_div(f.s.out, kOutGroups * kOut));
  launch("laconv", forward_kernel<T, kOut, kFull>,
         Grid{{ForwardTile::count(f.s), outs}, {kForwardThreads}, ForwardShared<kOut>::bytes(kFull)}, f);
}

void laconv_fwd(ConstView x, ConstView spatial, ConstView channel, ConstView weight, ConstView bias, double leaky_slope, View y) {
  dispatch_gpu(x.dtype, "laconv", [&](auto zero) {
    using T = decltype(zero);
    const Sizes s(x, weight);
    const bool fours = in_fours({x.data, channel.data, weight.data, y.data}, s.in);
    const Forward<T> f{s,
                       {x.as<T>(), s.in, fours},
                       spatial.as<T>(),
                       {channel.as<T>(), s.in, fours},
                       {weight.as<T>(), s.in, fours},
                       bias.as<T>(),
                       static_cast<float>(leaky_slope),
                       y.as<T>()};
    const bool full = channel.shape == x.shape;
    constexpr int kFew = 4;
    constexpr int kMany = 16;
    if (s.out <= kOutGroups * kFew) {
      full ? launch_forward<T, kFew, true>(f) : launch_forward<T, kFew, false>(f);
    } else {
      full ? launch_forward<T, kMany, true>(f) : launch_forward<T, kMany, false>(f);
    }
  });
}

void laconv_bwd(ConstView x, ConstView spatial, ConstView channel, ConstView weight, ConstView dy, View dx, View dspatial,
                View dchannel, View dweight, View dbias) {
  const Operands operands{x, spatial, channel, weight, dy};
  if (dx) input_gradient(operands, dx);
  if (dspatial || dchannel) map_gradients(operands, dspatial, dchannel);
  if (dweight || dbias) weight_gradients(operands, dweight, dbias);
}

}  // namespace
}  // namespace laconv

void fill(LaconvKernels& k) {
  k.laconv_fwd = laconv::laconv_fwd;
  k.laconv_bwd = laconv::laconv_bwd;
}

}  // namespace cf::cuda
