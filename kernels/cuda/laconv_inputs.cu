// Gradients of laconv for x and for the two maps. Both rest on g[p,i,c] = sum over o of dy[p,o] weight[o,i,c], the gradient of
// the scaled sample of offset i at pixel p, which is summed in registers one offset at a time and used at once:
//
//   dx[q,c]       = sum over i of g[p,i,c] * spatial[p,i] * channel[p,c],  p = q - offset(i)
//   dspatial[p,i] = sum over c of g[p,i,c] * channel[p,c] * x[p+offset(i),c]
//   dchannel[p,c] = sum over i of g[p,i,c] * spatial[p,i] * x[p+offset(i),c]
//
// A thread holds 4 pixels x 8 channels; a warp holds different pixels of the same channels.
#include <optional>

#include "kernels/cuda/laconv_grads.h"
#include "kernels/cuda/laconv_tile.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda::laconv {
namespace {

using GradTile = Tile<8>;
static_assert(GradTile::kPixelThreads == simt::kWarp);
constexpr int kThreadChannels = 8;
constexpr int kWarps = 4;
constexpr int kChannels = kWarps * kThreadChannels;  // of a block
constexpr int kOuts = 32;                            // outputs staged at a time
constexpr int kStride = 32 + 4;                      // between pixels: eight neighbours lie in different banks
constexpr int kGradThreads = kWarps * simt::kWarp;
constexpr int kPixelStep = GradTile::kPixelThreads;  // between the pixels of a thread
constexpr int kHaloStep = kPixelStep / kTileCols * kHaloCols;

template <class T>
struct Grad {
  Sizes s;
  Plane<T> x;
  const T* spatial;
  Plane<T> channel;  // of the image, or of its pixels
  Plane<T> weight;
  Plane<T> dy;
};

using ThreadSums = float[kThreadPixels][kThreadChannels];

// Weights of one offset, [o][c], zeros beyond the outputs and channels.
template <class T>
CF_DEVICE void stage_weights(const Grad<T>& p, int tap, int o0, int c0, float* to) {
  constexpr int kPieces = kChannels / 4;
  for (int i = static_cast<int>(simt::thread().x); i < kOuts * kPieces; i += kGradThreads) {
    const int c = c0 + i % kPieces * 4;
    const int o = o0 + i / kPieces;
    const int left = o < p.s.out ? p.s.in - c : 0;
    const std::int64_t at = (static_cast<std::int64_t>(o) * p.s.taps() + tap) * p.s.in + c;
    simt::store(fetch(p.weight.data + (left > 0 ? at : 0), left, p.weight.fours), to + i / kPieces * kStride + i % kPieces * 4);
  }
}

// g of this thread's pixels, whose outputs' gradients stand at dy + j * step, and channels, whose weights begin at `weight`.
CF_DEVICE void add_outputs(const float* dy, int step, const float* weight, int outs, ThreadSums& g) {
  for (int o = 0; o < outs; o += 4) {
    Floats4 d[kThreadPixels];
    CF_UNROLL
    for (int j = 0; j < kThreadPixels; ++j) d[j] = simt::load<4>(dy + j * step + o);
    CF_UNROLL
    for (int e = 0; e < 4; ++e) {
      CF_UNROLL
      for (int c = 0; c < kThreadChannels; c += 4) {
        const auto w = simt::load<4>(weight + (o + e) * kStride + c);
        CF_UNROLL
        for (int j = 0; j < kThreadPixels; ++j) {
          CF_UNROLL
          for (int q = 0; q < 4; ++q) g[j][c + q] += d[j].v[e] * w.v[q];
        }
      }
    }
  }
}

// Where a thread stands: its first pixel in the tile, and its channels.
struct Place {
  GradTile tile;
  int pixel, first_channel, own;  // first_channel: of the block, own: of the thread in the block

  CF_DEVICE explicit Place(const Sizes& s)
      : tile(GradTile::of(s, static_cast<int>(simt::block().x))),
        pixel(simt::lane()),
        first_channel(static_cast<int>(simt::block().y) * kChannels),
        own(simt::warp() * kThreadChannels) {}
  CF_DEVICE int row(int j) const { return (pixel + j * kPixelStep) / kTileCols; }
  CF_DEVICE int col() const { return pixel % kTileCols; }
  CF_DEVICE int channel() const { return first_channel + own; }
};

// The channel gains at a pixel (or of its image) for this thread's channels.
template <class T>
CF_DEVICE void load_gains(const Plane<T>& channel, std::int64_t at, int first, float (&gains)[kThreadChannels]) {
  CF_UNROLL
  for (int c = 0; c < kThreadChannels; c += 4) {
    const int left = channel.channels - first - c;
    const Floats4 v = fetch(channel.data + (left > 0 ? at * channel.channels + first + c : 0), left, channel.fours);
    CF_UNROLL
    for (int q = 0; q < 4; ++q) gains[c + q] = v.v[q];
  }
}

template <class T>
CF_DEVICE void store_channels(const Grad<T>& p, const Place& here, const ThreadSums& values, T* to) {
  CF_UNROLL
  for (int j = 0; j < kThreadPixels; ++j) {
    const int row = here.tile.row + here.row(j);
    const int col = here.tile.col + here.col();
    if (!p.s.inside(row, col)) continue;
    T* out = to + p.s.pixel(here.tile.image, row, col) * p.s.in + here.channel();
    CF_UNROLL
    for (int c = 0; c < kThreadChannels; c += 4) {
      const float v[4] = {values[j][c], values[j][c + 1], values[j][c + 2], values[j][c + 3]};
      put(v, out + c, p.s.in - here.channel() - c, p.x.fours);
    }
  }
}

// --- x ---

struct InputShared {
  float dy[GradTile::kHaloPixels * kStride];
  float weight[kOuts * kStride];
  float channel[GradTile::kHaloPixels * kStride];  // last: there only where every pixel has its own
  static constexpr std::size_t bytes(bool full) { return sizeof(InputShared) - (full ? 0 : sizeof(channel)); }
};

// Adds what one offset sends to this thread's pixels q: (row, col) is the place of the first p in the image, `at` in the halo.
template <class T, bool kFull>
CF_DEVICE void add_sent(const Grad<T>& p, const Place& here, const InputShared& shared, int tap, int row, int col, int at,
                        const ThreadSums& g, ThreadSums& sums) {
  CF_UNROLL
  for (int j = 0; j < kThreadPixels; ++j) {
    const int r = row + here.row(j);
    const bool there = p.s.inside(r, col);
    const float s = there ? static_cast<float>(p.spatial[p.s.pixel(here.tile.image, r, col) * p.s.taps() + tap]) : 0.0F;
    CF_UNROLL
    for (int c = 0; c < kThreadChannels; c += 4) {
      Floats4 scale{{s, s, s, s}};
      if constexpr (kFull) scale = times(scale, simt::load<4>(shared.channel + (at + j * kHaloStep) * kStride + here.own + c));
      CF_UNROLL
      for (int q = 0; q < 4; ++q) sums[j][c + q] += scale.v[q] * g[j][c + q];
    }
  }
}

template <class T, bool kFull>
CF_KERNEL CF_BLOCKS(kGradThreads, 4) void input_kernel(Grad<T> p, T* dx) {
  auto& shared = *simt::dynamic_shared<InputShared>();
  const Place here(p.s);
  const int groups = p.s.groups();
  const int radius = p.s.k / 2;
  const GradTile& tile = here.tile;
  ThreadSums sums = {};
  for (int group = 0; group < groups * groups; ++group) {
    const int i0 = group / groups * kGroup;
    const int j0 = group % groups * kGroup;
    const int rows = p.s.k - i0 < kGroup ? p.s.k - i0 : kGroup;
    const int cols = p.s.k - j0 < kGroup ? p.s.k - j0 : kGroup;
    // The pixels p = q - offset begin here: the group's last offset reaches the furthest.
    const int row = tile.row + radius - i0 - (kGroup - 1);
    const int col = tile.col + radius - j0 - (kGroup - 1);
    for (int o0 = 0; o0 < p.s.out; o0 += kOuts) {
      const int outs = p.s.out - o0 < kOuts ? p.s.out - o0 : kOuts;
      for (int t = 0; t < rows * cols; ++t) {
        const int u = t / cols;
        const int v = t % cols;
        const int tap = (i0 + u) * p.s.k + j0 + v;
        simt::sync();
        if (t == 0) {
          stage_pixels<GradTile::kHaloRows, kHaloCols, kOuts, kStride, T>(p.s, p.dy, tile.image, row, col, o0, nullptr,
                                                                          shared.dy);
          if constexpr (kFull) {
            stage_pixels<GradTile::kHaloRows, kHaloCols, kChannels, kStride, T>(p.s, p.channel, tile.image, row, col,
                                                                                here.first_channel, nullptr, shared.channel);
          }
        }
        stage_weights(p, tap, o0, here.first_channel, shared.weight);
        simt::sync();
        const int down = kGroup - 1 - u;
        const int right = kGroup - 1 - v;
        const int at = (here.row(0) + down) * kHaloCols + here.col() + right;
        ThreadSums g = {};
        add_outputs(shared.dy + at * kStride, kHaloStep * kStride, shared.weight + here.own, outs, g);
        add_sent<T, kFull>(p, here, shared, tap, row + down, col + here.col() + right, at, g, sums);
      }
    }
  }
  if constexpr (!kFull) {
    float gains[kThreadChannels];
    load_gains(p.channel, tile.image, here.channel(), gains);
    CF_UNROLL
    for (int j = 0; j < kThreadPixels; ++j) {
      CF_UNROLL
      for (int c = 0; c < kThreadChannels; ++c) sums[j][c] *= gains[c];
    }
  }
  store_channels(p, here, sums, dx);
}

// --- spatial and channel ---

// Where the gradients go; null: not wanted. What a block has only a part of goes to `*_parts` as f32.
template <class T>
struct MapOutputs {
  T* dspatial;           // (N, H, W, k*k), where one block has all channels
  float* spatial_parts;  // (blocks of channels, N, H, W, k*k)
  T* dchannel;           // (N, H, W, C)
  float* channel_parts;  // (N, tiles of an image, C)
  CF_HOST_DEVICE bool wants_spatial() const { return dspatial != nullptr || spatial_parts != nullptr; }
};

struct MapShared {
  float x[GradTile::kHaloPixels * kStride];
  float dy[GradTile::kPixels * kStride];
  float weight[kOuts * kStride];
  float spatial[kWarps * GradTile::kPixels];  // what each warp's channels give to dspatial
};

// The sums over this thread's channels go to shared memory, those over offsets stay in `dchannel`.
template <class T, bool kFull>
CF_DEVICE void use_gradient(const Grad<T>& p, const Place& here, int tap, int halo_at, const ThreadSums& g,
                            const float (&gains)[kFull ? kThreadPixels : 1][kThreadChannels], ThreadSums& dchannel,
                            MapShared& shared) {
  const int col = here.tile.col + here.col();
  CF_UNROLL
  for (int j = 0; j < kThreadPixels; ++j) {
    const int row = here.tile.row + here.row(j);
    const float s =
        p.s.inside(row, col) ? static_cast<float>(p.spatial[p.s.pixel(here.tile.image, row, col) * p.s.taps() + tap]) : 0.0F;
    float sum = 0;
    CF_UNROLL
    for (int c = 0; c < kThreadChannels; c += 4) {
      const auto x = simt::load<4>(shared.x + (halo_at + j * kHaloStep) * kStride + here.own + c);
      CF_UNROLL
      for (int q = 0; q < 4; ++q) {
        const float gx = g[j][c + q] * x.v[q];
        sum += gx * gains[kFull ? j : 0][c + q];
        dchannel[j][c + q] += gx * s;
      }
    }
    shared.spatial[simt::warp() * GradTile::kPixels + here.pixel + j * kPixelStep] = sum;
  }
}

// One thread per pixel adds up the warps.
template <class T>
CF_DEVICE void store_spatial(const Grad<T>& p, const Place& here, int tap, const MapShared& shared, const MapOutputs<T>& out) {
  static_assert(GradTile::kPixels == kGradThreads);
  const int at = static_cast<int>(simt::thread().x);
  const int row = here.tile.row + at / kTileCols;
  const int col = here.tile.col + at % kTileCols;
  if (!p.s.inside(row, col)) return;
  float sum = 0;
  for (int w = 0; w < kWarps; ++w) sum += shared.spatial[w * GradTile::kPixels + at];
  const std::int64_t index = p.s.pixel(here.tile.image, row, col) * p.s.taps() + tap;
  if (out.dspatial != nullptr) {
    out.dspatial[index] = static_cast<T>(sum);
  } else {
    out.spatial_parts[p.s.pixel(p.s.n, 0, 0) * p.s.taps() * simt::block().y + index] = sum;
  }
}

// A warp holds all pixels of the tile for its channels.
template <class T>
CF_DEVICE void store_channel_sums(const Grad<T>& p, const Place& here, const ThreadSums& dchannel, float* parts) {
  CF_UNROLL
  for (int c = 0; c < kThreadChannels; ++c) {
    float sum = 0;
    CF_UNROLL
    for (int j = 0; j < kThreadPixels; ++j) sum += dchannel[j][c];
    sum = simt::warp_sum(sum);
    if (simt::lane() == 0 && here.channel() + c < p.s.in) {
      parts[static_cast<std::int64_t>(simt::block().x) * p.s.in + here.channel() + c] = sum;
    }
  }
}

template <class T, bool kFull>
CF_KERNEL CF_BLOCKS(kGradThreads, 3) void map_kernel(Grad<T> p, MapOutputs<T> out) {
  auto& shared = *simt::dynamic_shared<MapShared>();
  const Place here(p.s);
  const GradTile& tile = here.tile;
  const int radius = p.s.k / 2;
  const int halo_at = here.row(0) * kHaloCols + here.col();
  float gains[kFull ? kThreadPixels : 1][kThreadChannels] = {};
  CF_UNROLL
  for (int j = 0; j < (kFull ? kThreadPixels : 1); ++j) {
    const int row = tile.row + here.row(j);
    const int col = tile.col + here.col();
    if (!kFull) {
      load_gains(p.channel, tile.image, here.channel(), gains[j]);
    } else if (p.s.inside(row, col)) {
      load_gains(p.channel, p.s.pixel(tile.image, row, col), here.channel(), gains[j]);
    }
  }
  ThreadSums dchannel = {};
  // Offsets in the order of their groups, so that the halo of x is staged once for each.
  int staged_group = -1;
  for (int t = 0; t < p.s.groups() * p.s.groups() * kGroup * kGroup; ++t) {
    const int group = t / (kGroup * kGroup);
    const int i0 = group / p.s.groups() * kGroup;
    const int j0 = group % p.s.groups() * kGroup;
    const int u = t % (kGroup * kGroup) / kGroup;
    const int v = t % kGroup;
    if (i0 + u >= p.s.k || j0 + v >= p.s.k) continue;
    const int tap = (i0 + u) * p.s.k + j0 + v;
    ThreadSums g = {};
    for (int o0 = 0; o0 < p.s.out; o0 += kOuts) {
      simt::sync();
      if (staged_group != group) {
        stage_pixels<GradTile::kHaloRows, kHaloCols, kChannels, kStride, T>(
            p.s, p.x, tile.image, tile.row + i0 - radius, tile.col + j0 - radius, here.first_channel, nullptr, shared.x);
      }
      if (staged_group < 0 || p.s.out > kOuts) {
        stage_pixels<8, kTileCols, kOuts, kStride, T>(p.s, p.dy, tile.image, tile.row, tile.col, o0, nullptr, shared.dy);
      }
      staged_group = group;
      stage_weights(p, tap, o0, here.first_channel, shared.weight);
      simt::sync();
      const int outs = p.s.out - o0 < kOuts ? p.s.out - o0 : kOuts;
      add_outputs(shared.dy + here.pixel * kStride, kPixelStep * kStride, shared.weight + here.own, outs, g);
    }
    use_gradient<T, kFull>(p, here, tap, halo_at + u * kHaloCols + v, g, gains, dchannel, shared);
    simt::sync();
    if (out.wants_spatial()) store_spatial(p, here, tap, shared, out);
  }
  if (out.channel_parts != nullptr) store_channel_sums(p, here, dchannel, out.channel_parts);
  if (out.dchannel != nullptr) store_channels(p, here, dchannel, out.dchannel);
}

template <class T>
Grad<T> describe(const Operands& in, const void* result) {
  const Sizes s(in.x, in.weight);
  const bool fours = in_fours({in.x.data, in.channel.data, in.weight.data, result}, s.in);
  return {s,
          {in.x.as<T>(), s.in, fours},
          in.spatial.as<T>(),
          {in.channel.as<T>(), s.in, fours},
          {in.weight.as<T>(), s.in, fours},
          {in.dy.as<T>(), s.out, in_fours({in.dy.data}, s.out)}};
}

Grid grid_of(const Sizes& s, std::size_t shared_bytes) {
  return {{GradTile::count(s), static_cast<unsigned>(ceil_div(s.in, kChannels))}, {kGradThreads}, shared_bytes};
}

template <class T>
void launch_maps(const Operands& in, View dspatial, View dchannel) {
  const auto p = describe<T>(in, dchannel.data);
  const std::int64_t chunks = ceil_div(p.s.in, kChannels);
  MapOutputs<T> out{};
  std::optional<Workspace> spatial_parts;
  std::optional<Workspace> channel_parts;
  if (dspatial && chunks == 1) out.dspatial = dspatial.as<T>();
  if (dspatial && chunks > 1) {
    spatial_parts.emplace(in.x.device, static_cast<std::size_t>(chunks * dspatial.numel()) * sizeof(float));
    out.spatial_parts = spatial_parts->as<float>();
  }
  if (dchannel && in.full()) out.dchannel = dchannel.as<T>();
  if (dchannel && !in.full()) {
    channel_parts.emplace(in.x.device, std::size_t{GradTile::count(p.s)} * static_cast<std::size_t>(p.s.in) * sizeof(float));
    out.channel_parts = channel_parts->as<float>();
  }
  launch("laconv_maps", in.full() ? map_kernel<T, true> : map_kernel<T, false>, grid_of(p.s, sizeof(MapShared)), p, out);
  if (spatial_parts) {
    const std::int64_t n = dspatial.numel();
    sum_partials({1, static_cast<int>(chunks), 0, n, n}, out.spatial_parts, dspatial.as<T>());
  }
  if (channel_parts) {
    const int tiles = GradTile::per_image(p.s);
    sum_partials({p.s.n, tiles, std::int64_t{tiles} * p.s.in, p.s.in, p.s.in}, out.channel_parts, dchannel.as<T>());
  }
}

}  // namespace

void input_gradient(const Operands& in, View dx) {
  dispatch_gpu(in.x.dtype, "laconv_bwd", [&](auto zero) {
    using T = decltype(zero);
    const auto p = describe<T>(in, dx.data);
    launch("laconv_dx", in.full() ? input_kernel<T, true> : input_kernel<T, false>, grid_of(p.s, InputShared::bytes(in.full())),
           p, dx.as<T>());
  });
}

void map_gradients(const Operands& in, View dspatial, View dchannel) {
  dispatch_gpu(in.x.dtype, "laconv_bwd", [&](auto zero) { launch_maps<decltype(zero)>(in, dspatial, dchannel); });
}

}  // namespace cf::cuda::laconv
