#include "kernels/cpu/conv_direct.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/conv_direct.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/float_buffer.h"
#include "kernels/cpu/micro_gemm-inl.h"

#ifndef CF_CPU_CONV_DIRECT_ONCE
#define CF_CPU_CONV_DIRECT_ONCE

namespace cf::cpu {

// Extents and pointers of one call. The window is kh x kw, the padding the same on all sides.
struct DirectProblem {
  std::int64_t h, w, channels, out_h, out_w, out_channels, kh, kw, padding, rows;
  const float *x, *weight, *bias;
  float slope;
  float* y;
};

}  // namespace cf::cpu

#endif

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

// Output pixels computed together: five register tiles of 12 and one of 4 in a 64-pixel row.
constexpr std::int64_t kPixels = 64;
// Channels that are summed up before they are added to the result.
constexpr std::int64_t kChain = 32;

// [ky][kx][channel][out channel], rows padded to whole vectors.
FloatBuffer pack(const DirectProblem& p, std::int64_t op) {
  const std::int64_t taps = p.kh * p.kw;
  FloatBuffer packed(taps * p.channels * op);
  for (std::int64_t o = 0; o < p.out_channels; ++o) {
    for (std::int64_t j = 0; j < taps * p.channels; ++j) packed[j * op + o] = p.weight[o * taps * p.channels + j];
  }
  return packed;
}

// Adds the products of one window offset to the pixels [begin, begin + length) of output row `row`.
void add_tap(const DirectProblem& p, std::int64_t row, std::int64_t begin, std::int64_t length, std::int64_t ky, std::int64_t kx,
             const float* packed, std::int64_t op, float* acc) {
  const std::int64_t in_row = row % p.out_h - p.padding + ky;
  if (in_row < 0 || in_row >= p.h) return;
  const std::int64_t shift = begin - p.padding + kx;  // input column of the first pixel
  const std::int64_t first = std::max<std::int64_t>(0, -shift);
  const std::int64_t last = std::min(length, p.w - shift);
  if (first >= last) return;
  const float* x = p.x + ((row / p.out_h * p.h + in_row) * p.w + shift + first) * p.channels;
  const float* tap = packed + (ky * p.kw + kx) * p.channels * op;
  for (std::int64_t c = 0; c < p.channels; c += kChain) {
    micro_gemm({x + c, p.channels, 1}, last - first, std::min(kChain, p.channels - c), tap + c * op, op, acc + first * op, op,
               op);
  }
}

void forward(const DirectProblem& p) {
  const std::int64_t op = pad_to_lanes(p.out_channels);
  const FloatBuffer packed = pack(p, op);
  parallel_for(p.rows, 1, [&](std::int64_t first_row, std::int64_t last_row) {
    const FloatBuffer acc(kPixels * op);
    for (std::int64_t row = first_row; row < last_row; ++row) {
      for (std::int64_t begin = 0; begin < p.out_w; begin += kPixels) {
        const std::int64_t length = std::min(kPixels, p.out_w - begin);
        for (std::int64_t t = 0; t < length; ++t) {
          if (p.bias != nullptr) {
            std::copy_n(p.bias, p.out_channels, acc.data() + t * op);
          } else {
            std::fill_n(acc.data() + t * op, p.out_channels, 0.0F);
          }
        }
        for (std::int64_t ky = 0; ky < p.kh; ++ky) {
          for (std::int64_t kx = 0; kx < p.kw; ++kx) add_tap(p, row, begin, length, ky, kx, packed.data(), op, acc.data());
        }
        store_leaky(acc.data(), op, length, p.out_channels, p.slope, p.y + (row * p.out_w + begin) * p.out_channels);
      }
    }
  });
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(forward);

constexpr std::int64_t kLeastChannels = 8;

}  // namespace

bool is_direct(const ConvParams& p, ConstView x, ConstView w) {
  return x.dtype == DType::f32 && p.stride == 1 && p.dilation == 1 && p.groups == 1 && w.shape[3] >= kLeastChannels &&
         w.shape[0] >= kLeastChannels;
}

void conv2d_direct(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y) {
  DirectProblem d{};
  d.h = x.shape[1];
  d.w = x.shape[2];
  d.channels = x.shape[3];
  d.out_h = y.shape[1];
  d.out_w = y.shape[2];
  d.out_channels = y.shape[3];
  d.kh = w.shape[1];
  d.kw = w.shape[2];
  d.padding = p.padding;
  d.rows = y.shape[0] * d.out_h;
  d.x = x.as<float>();
  d.weight = w.as<float>();
  d.bias = b ? b.as<float>() : nullptr;
  d.slope = static_cast<float>(p.leaky_slope);
  d.y = y.as<float>();
  HWY_DYNAMIC_DISPATCH(forward)(d);
}

}  // namespace cf::cpu
#endif
