// Frequency modulation: one pass sums chunks of pixels against the seven functions of a plane, the other adds the chunks' sums up
// and applies them. A block owns a chunk and 32 channels; its threads are (channel, group of pixels).
#include "kernels/fmim.h"

#include <algorithm>

#include "kernels/cuda/constants.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/workspace.h"
#include "kernels/unit_circle.h"

namespace cf::cuda {
namespace {

constexpr int kChannels = 32;
constexpr int kGroups = 8;
constexpr int kFunctions = 7;  // 1; cos and sin of a, b, a + b
constexpr std::int64_t kLeastPixels = 64;
constexpr std::int64_t kMostChunks = 16;

struct Plane {
  std::int64_t height, width, channels;
  std::int64_t chunks, chunk_pixels, channel_blocks;
  const float* a;  // unit_circle(height)
  const float* b;  // unit_circle(width)

  CF_HOST_DEVICE std::int64_t pixels() const { return height * width; }
};

// What a thread works on.
struct Place {
  std::int64_t image, chunk, channel, first, last;

  CF_DEVICE explicit Place(const Plane& p) {
    const std::int64_t part = simt::block().x / p.channel_blocks;
    image = part / p.chunks;
    chunk = part % p.chunks;
    channel = simt::block().x % p.channel_blocks * kChannels + simt::thread().x;
    first = chunk * p.chunk_pixels + simt::thread().y;
    const std::int64_t end = (chunk + 1) * p.chunk_pixels;
    last = end < p.pixels() ? end : p.pixels();
    if (channel >= p.channels) last = first;  // beside the image: nothing to do, but to meet the others
  }
};

CF_DEVICE void functions_at(const Plane& p, std::int64_t pixel, float (&f)[kFunctions]) {
  const std::int64_t h = pixel / p.width;
  const std::int64_t w = pixel - h * p.width;
  f[0] = 1;
  f[1] = p.a[h];
  f[2] = p.a[p.height + h];
  f[3] = p.b[w];
  f[4] = p.b[p.width + w];
  f[5] = f[1] * f[3] - f[2] * f[4];
  f[6] = f[2] * f[3] + f[1] * f[4];
}

// sums (N, chunks, 7, C)
template <class T>
CF_KERNEL void fmim_sums_kernel(Plane p, const T* y, float* sums) {
  CF_SHARED(float, shared, kGroups* kFunctions* kChannels);
  const Place at(p);
  float total[kFunctions] = {};
  for (std::int64_t i = at.first; i < at.last; i += kGroups) {
    float f[kFunctions];
    functions_at(p, i, f);
    const float x = simt::widen(y[(at.image * p.pixels() + i) * p.channels + at.channel]);
    for (int k = 0; k < kFunctions; ++k) total[k] += x * f[k];
  }
  const int c = static_cast<int>(simt::thread().x);
  const int g = static_cast<int>(simt::thread().y);
  for (int k = 0; k < kFunctions; ++k) shared[(g * kFunctions + k) * kChannels + c] = total[k];
  simt::sync();
  if (g >= kFunctions || at.channel >= p.channels) return;
  float sum = 0;
  for (int group = 0; group < kGroups; ++group) sum += shared[(group * kFunctions + g) * kChannels + c];
  sums[((at.image * p.chunks + at.chunk) * kFunctions + g) * p.channels + at.channel] = sum;
}

template <class T>
CF_KERNEL void fmim_apply_kernel(Plane p, const float* sums, float factor, const T* y, T* out) {
  CF_SHARED(float, shared, kFunctions* kChannels);
  const Place at(p);
  const int c = static_cast<int>(simt::thread().x);
  const int g = static_cast<int>(simt::thread().y);
  if (g < kFunctions && at.channel < p.channels) {
    float sum = 0;
    for (std::int64_t chunk = 0; chunk < p.chunks; ++chunk) {
      sum += sums[((at.image * p.chunks + chunk) * kFunctions + g) * p.channels + at.channel];
    }
    shared[g * kChannels + c] = factor * sum;
  }
  simt::sync();
  for (std::int64_t i = at.first; i < at.last; i += kGroups) {
    float f[kFunctions];
    functions_at(p, i, f);
    const std::int64_t element = (at.image * p.pixels() + i) * p.channels + at.channel;
    float x = simt::widen(y[element]);
    for (int k = 0; k < kFunctions; ++k) x += shared[k * kChannels + c] * f[k];
    out[element] = simt::narrow<T>(x);
  }
}

void attenuate(ConstView y, double scale, View out) {
  Plane p{};
  p.height = y.shape[1];
  p.width = y.shape[2];
  p.channels = y.shape[3];
  p.chunks = std::clamp<std::int64_t>(p.pixels() / kLeastPixels, 1, kMostChunks);
  p.chunk_pixels = (p.pixels() + p.chunks - 1) / p.chunks;
  p.channel_blocks = (p.channels + kChannels - 1) / kChannels;
  p.a = device_constant(y.device, unit_circle(p.height));
  p.b = device_constant(y.device, unit_circle(p.width));
  const auto factor = static_cast<float>((scale - 1) / static_cast<double>(p.pixels()));
  const std::int64_t images = y.shape[0];
  const Workspace sums(y.device, static_cast<std::size_t>(images * p.chunks * kFunctions * p.channels) * sizeof(float));
  const Grid grid = {{static_cast<unsigned>(images * p.chunks * p.channel_blocks)}, {kChannels, kGroups}};
  dispatch_gpu(y.dtype, "fmim", [&](auto zero) {
    using T = decltype(zero);
    launch("fmim_sums", fmim_sums_kernel<T>, grid, p, y.as<T>(), sums.as<float>());
    launch("fmim_apply", fmim_apply_kernel<T>, grid, p, sums.as<float>(), factor, y.as<T>(), out.as<T>());
  });
}

}  // namespace

void fill(FmimKernels& k) { k.attenuate = attenuate; }

}  // namespace cf::cuda
