// Gradients of laconv for weight and bias:
//
//   dweight[o,i,c] = sum over p of dy[p,o] * channel[p,c] * spatial[p,i] * x[p+offset(i),c],  dbias[o] = sum over p of dy[p,o]
//
// A warp holds one offset of a group for 32 outputs x 32 channels and walks over the pixels of some tiles; the tiles are dealt
// out to a number of blocks that does not depend on the device, whose sums a second pass adds up.
#include "kernels/cuda/laconv_grads.h"
#include "kernels/cuda/laconv_tile.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda::laconv {
namespace {

using WeightTile = Tile<8>;
constexpr int kWarps = kGroup * kGroup;
constexpr int kWeightThreads = kWarps * simt::kWarp;
constexpr int kOuts = 32;
constexpr int kChannels = 32;
constexpr int kStride = 32 + 4;
constexpr int kThreadOuts = 8;
constexpr int kThreadChannels = 4;
constexpr int kChannelThreads = kChannels / kThreadChannels;
static_assert(kChannelThreads * kOuts / kThreadOuts == simt::kWarp);

template <class T>
struct WeightGrad {
  Sizes s;
  Plane<T> x;
  const T* spatial;
  Plane<T> channel;
  Plane<T> dy;
  int tiles;
  float* parts;  // (blocks, O * k * k * C + O): weights, then biases
  CF_HOST_DEVICE std::int64_t weights() const { return static_cast<std::int64_t>(s.out) * s.taps() * s.in; }
};

struct WeightShared {
  float x[WeightTile::kHaloPixels * kStride];
  float dy[WeightTile::kPixels * kStride];
  float spatial[kWarps * WeightTile::kPixels];   // [offset][pixel]
  float channel[WeightTile::kPixels * kStride];  // last: there only where every pixel has its own
  static constexpr std::size_t bytes(bool full) { return sizeof(WeightShared) - (full ? 0 : sizeof(channel)); }
};

// The offsets and the part of weight that a block deals with.
struct Share {
  int i0, j0, o0, c0;

  CF_DEVICE explicit Share(const Sizes& s) {
    const int group = static_cast<int>(simt::block().y);
    const int chunk = static_cast<int>(simt::block().z);
    const int chunks = ceil_div(s.in, kChannels);
    i0 = group / s.groups() * kGroup;
    j0 = group % s.groups() * kGroup;
    o0 = chunk / chunks * kOuts;
    c0 = chunk % chunks * kChannels;
  }
};

template <class T, bool kFull>
CF_DEVICE void stage_tile(const WeightGrad<T>& p, const Share& share, const WeightTile& tile, WeightShared& shared) {
  const int radius = p.s.k / 2;
  const T* gain = kFull ? nullptr : p.channel.data + static_cast<std::int64_t>(tile.image) * p.s.in;
  stage_pixels<WeightTile::kHaloRows, kHaloCols, kChannels, kStride>(p.s, p.x, tile.image, tile.row + share.i0 - radius,
                                                                     tile.col + share.j0 - radius, share.c0, gain, shared.x);
  stage_pixels<8, kTileCols, kOuts, kStride, T>(p.s, p.dy, tile.image, tile.row, tile.col, share.o0, nullptr, shared.dy);
  if constexpr (kFull) {
    stage_pixels<8, kTileCols, kChannels, kStride, T>(p.s, p.channel, tile.image, tile.row, tile.col, share.c0, nullptr,
                                                      shared.channel);
  }
  for (int i = static_cast<int>(simt::thread().x); i < kWarps * WeightTile::kPixels; i += kWeightThreads) {
    const int offset = i / WeightTile::kPixels;
    const int row = tile.row + i % WeightTile::kPixels / kTileCols;
    const int col = tile.col + i % kTileCols;
    const int ti = share.i0 + offset / kGroup;
    const int tj = share.j0 + offset % kGroup;
    const bool there = p.s.inside(row, col) && ti < p.s.k && tj < p.s.k;
    shared.spatial[i] =
        there ? static_cast<float>(p.spatial[p.s.pixel(tile.image, row, col) * p.s.taps() + ti * p.s.k + tj]) : 0.0F;
  }
}

// Adds the pixels of a tile for this warp's offset.
template <bool kFull>
CF_DEVICE void add_pixels(const WeightShared& shared, float (&sums)[kThreadOuts][kThreadChannels]) {
  const int out = simt::lane() / kChannelThreads * kThreadOuts;
  const int channel = simt::lane() % kChannelThreads * kThreadChannels;
  const float* spatial = shared.spatial + simt::warp() * WeightTile::kPixels;
  for (int row = 0; row < WeightTile::kPixels / kTileCols; ++row) {
    const float* x = shared.x + ((row + simt::warp() / kGroup) * kHaloCols + simt::warp() % kGroup) * kStride + channel;
    const int first = row * kTileCols;  // pixel of the row
    for (int col = 0; col < kTileCols; ++col) {
      auto scaled = simt::load<4>(x + col * kStride);
      for (float& e : scaled.v) e *= spatial[first + col];
      if constexpr (kFull) scaled = times(scaled, simt::load<4>(shared.channel + (first + col) * kStride + channel));
      CF_UNROLL
      for (int o = 0; o < kThreadOuts; o += 4) {
        const auto dy = simt::load<4>(shared.dy + (first + col) * kStride + out + o);
        CF_UNROLL
        for (int e = 0; e < 4; ++e) {
          CF_UNROLL
          for (int c = 0; c < kThreadChannels; ++c) sums[o + e][c] += dy.v[e] * scaled.v[c];
        }
      }
    }
  }
}

template <class T, bool kFull>
CF_KERNEL CF_BLOCKS(kWeightThreads, 2) void weight_kernel(WeightGrad<T> p) {
  auto& shared = *simt::dynamic_shared<WeightShared>();
  const Share share(p.s);
  const int ti = share.i0 + simt::warp() / kGroup;
  const int tj = share.j0 + simt::warp() % kGroup;
  const bool active = ti < p.s.k && tj < p.s.k;
  const bool sums_bias = share.i0 == 0 && share.j0 == 0 && share.c0 == 0 && simt::warp() == 0;
  float sums[kThreadOuts][kThreadChannels] = {};
  float bias = 0;  // of output o0 + lane
  for (int t = static_cast<int>(simt::block().x); t < p.tiles; t += static_cast<int>(simt::blocks().x)) {
    simt::sync();
    stage_tile<T, kFull>(p, share, WeightTile::of(p.s, t), shared);
    simt::sync();
    if (active) add_pixels<kFull>(shared, sums);
    if (sums_bias) {
      for (int pixel = 0; pixel < WeightTile::kPixels; ++pixel) bias += shared.dy[pixel * kStride + simt::lane()];
    }
  }
  float* parts = p.parts + simt::block().x * (p.weights() + p.s.out);
  if (sums_bias && share.o0 + simt::lane() < p.s.out) parts[p.weights() + share.o0 + simt::lane()] = bias;
  if (!active) return;
  const int channel = share.c0 + simt::lane() % kChannelThreads * kThreadChannels;
  CF_UNROLL
  for (int e = 0; e < kThreadOuts; ++e) {
    const int o = share.o0 + simt::lane() / kChannelThreads * kThreadOuts + e;
    if (o >= p.s.out) continue;
    put(sums[e], parts + (static_cast<std::int64_t>(o) * p.s.taps() + ti * p.s.k + tj) * p.s.in + channel, p.s.in - channel,
        false);
  }
}

// Two blocks for each multiprocessor of a large GPU, fewer where their sums would take much memory.
int count_blocks(int tiles, std::int64_t part_bytes) {
  constexpr std::int64_t kMostBlocks = 264;
  constexpr std::int64_t kMostBytes = std::int64_t{32} << 20U;
  return static_cast<int>(std::min<std::int64_t>(tiles, std::clamp<std::int64_t>(kMostBytes / part_bytes, 1, kMostBlocks)));
}

}  // namespace

void weight_gradients(const Operands& in, View dweight, View dbias) {
  dispatch_gpu(in.x.dtype, "laconv_bwd", [&](auto zero) {
    using T = decltype(zero);
    const Sizes s(in.x, in.weight);
    const bool fours = in_fours({in.x.data, in.channel.data}, s.in);
    WeightGrad<T> p{s,
                    {in.x.as<T>(), s.in, fours},
                    in.spatial.as<T>(),
                    {in.channel.as<T>(), s.in, fours},
                    {in.dy.as<T>(), s.out, in_fours({in.dy.data}, s.out)},
                    static_cast<int>(WeightTile::count(s)),
                    nullptr};
    const std::int64_t part = p.weights() + s.out;
    const int blocks = count_blocks(p.tiles, part * static_cast<std::int64_t>(sizeof(float)));
    const Workspace parts(in.x.device, static_cast<std::size_t>(blocks * part) * sizeof(float));
    p.parts = parts.as<float>();
    const auto chunks = static_cast<unsigned>(ceil_div(s.in, kChannels) * ceil_div(s.out, kOuts));
    launch("laconv_dweight", in.full() ? weight_kernel<T, true> : weight_kernel<T, false>,
           Grid{{static_cast<unsigned>(blocks), static_cast<unsigned>(s.groups() * s.groups()), chunks},
                {kWeightThreads},
                WeightShared::bytes(in.full())},
           p);
    if (dweight) sum_partials({1, blocks, 0, part, p.weights()}, p.parts, dweight.as<T>());
    if (dbias) sum_partials({1, blocks, 0, part, s.out}, p.parts + p.weights(), dbias.as<T>());
  });
}

}  // namespace cf::cuda::laconv
