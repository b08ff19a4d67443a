#include "kernels/cpu/conv_winograd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/conv_winograd.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "framework/core/storage.h"
#include "kernels/cpu/conv_end-inl.h"
#include "kernels/cpu/conv_weights.h"
#include "kernels/cpu/micro_gemm-inl.h"
#include "kernels/cpu/winograd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

// Tiles whose products are computed together: enough rows to reuse a point's weights while they are in the first cache, few
// enough for their transforms to stay in the second.
constexpr std::int64_t kTiles = 48;
// Channels that are summed up in one chain.
constexpr std::int64_t kChain = 32;
// Floats between the points' matrices beyond their size, so that the same element of all points is not in one set of the cache.
constexpr std::int64_t kSkew = 16;

// packed[point][channel][out channel]. `dgrad`: p.weight is that of the convolution whose input gradient this computes, so it
// is (channels, 3, 3, out channels) and turned by half a turn.
void pack(const ConvProblem& p, bool dgrad, float* packed) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> narrow;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t c = p.channels;
  const std::int64_t o = p.out_channels;
  FloatBuffer taps(9 * c * o);  // [tap][channel][out channel]
  for (std::int64_t i = 0; i < c; ++i) {
    for (std::int64_t t = 0; t < 9; ++t) {
      float* to = taps.data() + (t * c + i) * o;
      if (dgrad) {
        std::copy_n(p.weight + (i * 9 + 8 - t) * o, o, to);
      } else {
        for (std::int64_t j = 0; j < o; ++j) to[j] = p.weight[(j * 9 + t) * c + i];
      }
    }
  }
  for (std::int64_t at = 0; at < c * o; at += lanes) {
    const auto weight = [&](int ky, int kx)
                            HWY_ATTR { return hn::PromoteTo(d, hn::LoadU(narrow, taps.data() + (ky * 3 + kx) * c * o + at)); };
    transform_weight(d, weight, packed + at, c * o);
  }
}

// The tiles of all images in one row of numbers.
struct Tiling {
  std::int64_t down, along;

  explicit Tiling(const ConvProblem& p)
      : down((p.out_h + Down::kTile - 1) / Down::kTile), along((p.out_w + Along::kTile - 1) / Along::kTile) {}
};

struct Tile {
  std::int64_t image, row, column;  // of the first result

  Tile(const Tiling& tiling, std::int64_t i)
      : image(i / (tiling.down * tiling.along)),
        row(i / tiling.along % tiling.down * Down::kTile),
        column(i % tiling.along * Along::kTile) {}
};

// A tile's pixels of one source as the transform reads them: in place, or copied with zeros around the image.
struct Patch {
  const float* x;
  std::int64_t row, column;  // strides
};

Patch patch_of(const ConvProblem& p, const ConvProblem::Source& source, const Tile& tile, float* copy) {
  const std::int64_t c = source.channels;
  const std::int64_t top = tile.row - p.padding;
  const std::int64_t left = tile.column - p.padding;
  const float* image = source.x + tile.image * p.h * p.w * c;
  if (top >= 0 && left >= 0 && top + Down::kPoints <= p.h && left + Along::kPoints <= p.w) {
    return {image + (top * p.w + left) * c, p.w * c, c};
  }
  for (std::int64_t i = 0; i < Down::kPoints; ++i) {
    for (std::int64_t j = 0; j < Along::kPoints; ++j) {
      float* to = copy + (i * Along::kPoints + j) * c;
      const std::int64_t y = top + i;
      const std::int64_t x = left + j;
      if (y >= 0 && y < p.h && x >= 0 && x < p.w) {
        std::copy_n(image + (y * p.w + x) * c, c, to);
      } else {
        std::fill_n(to, c, 0.0F);
      }
    }
  }
  return {copy, Along::kPoints * c, c};
}

// values[point][tile][channel]
void transform_images(const ConvProblem& p, const Tile& tile, float* values, std::int64_t stride, float* copy) {
  const FloatTag d;
  for (const ConvProblem::Source& source : p.sources) {
    if (source.channels == 0) continue;
    const Patch patch = patch_of(p, source, tile, copy);
    for (std::int64_t c = 0; c < source.channels; c += lanes()) {
      transform_input(d, patch.x + c, patch.row, patch.column, values + c, stride);
    }
    values += source.channels;
  }
}

// products[tile][out channel] = values[tile][channel] packed[channel][out channel] of one point.
void multiply(const ConvProblem& p, std::int64_t tiles, const float* values, const float* packed, float* products) {
  const std::int64_t o = p.out_channels;
  micro_gemm<SetTo>({values, p.channels, 1}, tiles, std::min(kChain, p.channels), packed, o, products, o, o);
  for (std::int64_t c = kChain; c < p.channels; c += kChain) {
    micro_gemm({values + c, p.channels, 1}, tiles, std::min(kChain, p.channels - c), packed + c * o, o, products, o, o);
  }
}

template <ConvEnd end>
void store_tile(const ConvProblem& p, const Tile& tile, const float* products, std::int64_t stride) {
  const FloatTag d;
  const auto n = hn::Lanes(d);
  const std::int64_t first = ((tile.image * p.out_h + tile.row) * p.out_w + tile.column) * p.out_channels;
  const std::int64_t rows = p.out_h - tile.row;
  const std::int64_t columns = p.out_w - tile.column;
  for (std::int64_t o = 0; o < p.out_channels; o += lanes()) {
    const auto bias = p.bias != nullptr ? hn::LoadU(d, p.bias + o) : hn::Zero(d);
    transform_output(d, products + o, stride, [&](std::int64_t i, std::int64_t j, hn::Vec<FloatTag> z) HWY_ATTR {
      if (i >= rows || j >= columns) return;
      store_end<end>(d, p, hn::Add(z, bias), first + (i * p.out_w + j) * p.out_channels + o, n);
    });
  }
}

template <ConvEnd end>
void forward_tiles(const ConvProblem& p, const float* packed, std::int64_t first, std::int64_t last) {
  const Tiling tiling(p);
  const std::int64_t in_stride = kTiles * p.channels + kSkew;
  const std::int64_t out_stride = kTiles * p.out_channels + kSkew;
  const std::int64_t copied = kPoints * p.channels;
  const Storage memory(static_cast<std::size_t>(kPoints * (in_stride + out_stride) + copied) * sizeof(float), Device{});
  auto* values = static_cast<float*>(memory.data());
  float* products = values + kPoints * in_stride;
  float* copy = products + kPoints * out_stride;
  for (std::int64_t begin = first; begin < last; begin += kTiles) {
    const std::int64_t tiles = std::min(kTiles, last - begin);
    for (std::int64_t t = 0; t < tiles; ++t) {
      transform_images(p, Tile(tiling, begin + t), values + t * p.channels, in_stride, copy);
    }
    for (std::int64_t i = 0; i < kPoints; ++i) {
      multiply(p, tiles, values + i * in_stride, packed + i * p.channels * p.out_channels, products + i * out_stride);
    }
    for (std::int64_t t = 0; t < tiles; ++t) {
      store_tile<end>(p, Tile(tiling, begin + t), products + t * p.out_channels, out_stride);
    }
  }
}

void convolve(const ConvProblem& p, bool dgrad) {
  const WeightKey key = {p.weight, 9 * p.channels * p.out_channels,
                         dgrad ? WeightLayout::winograd_dgrad : WeightLayout::winograd};
  const PackedWeight packed = packed_weight(key, kPoints * p.channels * p.out_channels, [&](float* to) { pack(p, dgrad, to); });
  const Tiling tiling(p);
  constexpr std::int64_t kLeast = 12;  // tiles worth a thread
  dispatch_end(p, [&](auto end) {
    parallel_for(p.n * tiling.down * tiling.along, kLeast, [&](std::int64_t first, std::int64_t last) {
      forward_tiles<decltype(end)::value>(p, packed->data(), first, last);
    });
  });
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(convolve);

constexpr std::int64_t kMultiple = 16;  // of channels: whole vectors of every target

bool fits(const ConvParams& p, ConstView x, ConstView w) {
  return x.dtype == DType::f32 && w.shape[1] == 3 && w.shape[2] == 3 && p.stride == 1 && p.dilation == 1 && p.groups == 1 &&
         p.padding <= 2 && w.shape[0] % kMultiple == 0 && w.shape[3] % kMultiple == 0;
}

}  // namespace

bool is_winograd(const ConvParams& p, const ConvFusion& f, ConstView x, ConstView w) {
  return fits(p, x, w) && (!f.x2 || x.shape[3] % kMultiple == 0);
}

bool is_winograd_dgrad(const ConvParams& p, ConstView dx, ConstView w) { return fits(p, dx, w); }

void conv2d_winograd(const ConvProblem& p) { HWY_DYNAMIC_DISPATCH(convolve)(p, false); }

// The gradient is a convolution of dy whose weights are turned, with the padding that gives back the input's size.
void conv2d_dgrad_winograd(const ConvParams& p, ConstView dy, ConstView w, View dx) {
  ConvProblem q{};
  q.sources[0] = {dy.as<float>(), dy.shape[3]};
  q.n = dy.shape[0];
  q.h = dy.shape[1];
  q.w = dy.shape[2];
  q.channels = dy.shape[3];
  q.out_h = dx.shape[1];
  q.out_w = dx.shape[2];
  q.out_channels = dx.shape[3];
  q.kh = q.kw = 3;
  q.padding = 2 - p.padding;
  q.weight = w.as<float>();
  q.slope = 1;
  q.y = dx.as<float>();
  HWY_DYNAMIC_DISPATCH(convolve)(q, true);
}

}  // namespace cf::cpu
#endif
