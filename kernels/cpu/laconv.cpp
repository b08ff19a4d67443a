// Implicit locally adaptive convolution: a strip of scaled pixels is built per window offset and multiplied at once by that
// offset's C x O slice of the weight, so that nothing of size k*k*C per pixel ever exists.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/laconv.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/float_buffer.h"
#include "kernels/cpu/micro_gemm-inl.h"
#include "kernels/laconv.h"
#include "kernels/math_mode.h"
#include "kernels/table.h"

#ifndef CF_CPU_LACONV_ONCE
#define CF_CPU_LACONV_ONCE

#include <cstring>
#include <vector>

namespace cf::cpu {

// Extents and f32 pointers of one call; pointers of unwanted gradients are null.
struct LaconvProblem {
  std::int64_t n, h, w, c, o, k;
  bool shared_channel;
  const float *x, *spatial, *channel, *weight, *bias, *dy;
  float leaky_slope;
  float *y, *dx, *dspatial, *dchannel, *dweight, *dbias;

  std::int64_t rows() const { return n * h; }
  std::int64_t offsets() const { return k * k; }
  const float* channel_at(std::int64_t pixel, std::int64_t image) const { return channel + (shared_channel ? image : pixel) * c; }
};

}  // namespace cf::cpu

#endif

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

// Pixels of one strip: long enough to keep the accumulators busy, short enough that the strips stay in the first cache.
constexpr std::int64_t kStrip = 48;
constexpr std::int64_t kFixedPieces = 16;  // of the gradients, where their number must not depend on the threads

// Part of an image row, and where window offset (dy, dx) moves it.
struct Strip {
  std::int64_t image, row, begin, length;
  std::int64_t pixel(const LaconvProblem& p) const { return (image * p.h + row) * p.w + begin; }
};

struct Shift {
  std::int64_t dy, dx;
  static Shift of(const LaconvProblem& p, std::int64_t i) { return {i / p.k - p.k / 2, i % p.k - p.k / 2}; }
  bool inside(const LaconvProblem& p, const Strip& s, std::int64_t t) const {
    const std::int64_t x = s.begin + t + dx;
    return row_inside(p, s) && x >= 0 && x < p.w;
  }
  bool row_inside(const LaconvProblem& p, const Strip& s) const { return s.row + dy >= 0 && s.row + dy < p.h; }
};

// Calls fn(strip) for every strip of the rows [begin, end).
template <class F>
void for_each_strip(const LaconvProblem& p, std::int64_t begin, std::int64_t end, F&& fn) {
  for (std::int64_t r = begin; r < end; ++r) {
    for (std::int64_t b = 0; b < p.w; b += kStrip) fn(Strip{r / p.h, r % p.h, b, std::min(kStrip, p.w - b)});
  }
}

// out[c] = s * a[c] * b[c]
HWY_INLINE void scaled_product(float s, const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, float* HWY_RESTRICT out,
                               std::int64_t c) {
  const FloatTag d;
  const auto n = static_cast<std::int64_t>(hn::Lanes(d));
  const auto vs = hn::Set(d, s);
  std::int64_t i = 0;
  for (; i + n <= c; i += n) hn::StoreU(hn::Mul(vs, hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i))), d, out + i);
  for (; i < c; ++i) out[i] = s * a[i] * b[i];
}

// strip[t][c] = spatial * channel * x at the shifted pixel, zero outside the image.
void build_strip(const LaconvProblem& p, const Strip& s, std::int64_t i, std::int64_t stride, float* out) {
  const Shift shift = Shift::of(p, i);
  const std::int64_t p0 = s.pixel(p);
  for (std::int64_t t = 0; t < s.length; ++t) {
    float* row = out + t * stride;
    if (shift.inside(p, s, t)) {
      const std::int64_t pixel = p0 + t;
      const float* x = p.x + (pixel + shift.dy * p.w + shift.dx) * p.c;
      scaled_product(p.spatial[pixel * p.offsets() + i], p.channel_at(pixel, s.image), x, row, p.c);
    } else {
      std::memset(row, 0, static_cast<std::size_t>(p.c) * sizeof(float));
    }
  }
}

void forward(const LaconvProblem& p) {
  const std::int64_t op = pad_to_lanes(p.o);
  // packed[i][c][o]
  FloatBuffer packed(p.offsets() * p.c * op);
  for (std::int64_t o = 0; o < p.o; ++o) {
    for (std::int64_t i = 0; i < p.offsets(); ++i) {
      for (std::int64_t c = 0; c < p.c; ++c) {
        packed[(i * p.c + c) * op + o] = p.weight[(o * p.offsets() + i) * p.c + c];
      }
    }
  }
  parallel_for(p.rows(), 1, [&](std::int64_t begin, std::int64_t end) {
    FloatBuffer scaled(kStrip * p.c);
    FloatBuffer acc(kStrip * op);
    for_each_strip(p, begin, end, [&](const Strip& s) {
      for (std::int64_t t = 0; t < s.length; ++t) std::copy_n(p.bias, p.o, acc.data() + t * op);
      for (std::int64_t i = 0; i < p.offsets(); ++i) {
        if (!Shift::of(p, i).row_inside(p, s)) continue;
        build_strip(p, s, i, p.c, scaled.data());
        micro_gemm({scaled.data(), p.c, 1}, s.length, p.c, packed.data() + i * p.c * op, op, acc.data(), op, op);
      }
      store_leaky(acc.data(), op, s.length, p.o, p.leaky_slope, p.y + s.pixel(p) * p.o);
    });
  });
}

// What one thread collects of the gradients that its rows share with others'.
struct Partial {
  Partial(const LaconvProblem& p, std::int64_t begin_row, std::int64_t end_row)
      : begin(begin_row),
        end(end_row),
        halo(p.k / 2),
        weight(p.offsets() * p.c * pad_to_lanes(p.o)),
        bias(p.o),
        channel(p.shared_channel ? p.n * p.c : 0),
        above(p.dx != nullptr ? halo * p.w * p.c : 0),
        below(above.size()) {}

  // The row of dx, or of the private copy of a row that belongs to a neighbour.
  float* dx_row(const LaconvProblem& p, std::int64_t row) {
    const std::int64_t length = p.w * p.c;
    if (row < begin) return above.data() + (row - begin + halo) * length;
    if (row >= end) return below.data() + (row - end) * length;
    return p.dx + row * length;
  }

  std::int64_t begin, end, halo;
  FloatBuffer weight;   // [i][c][o]
  FloatBuffer bias;     // [o]
  FloatBuffer channel;  // [n][c], for a channel gain shared by the pixels
  FloatBuffer above, below;
};

struct StripGrads {
  float* g;        // [t][c]: dy times the transposed weight slice
  float* scaled;   // [t][c]: spatial * channel * x
  float* channel;  // [t][c] or [1][c]: gradient of the channel gain, summed over the offsets
};

// The element-wise part of one pixel and offset: returns the gradient of its spatial weight.
HWY_INLINE float pixel_grads(const float* HWY_RESTRICT g, const float* HWY_RESTRICT x, const float* HWY_RESTRICT gain, float s,
                             float* HWY_RESTRICT scaled, float* HWY_RESTRICT dchannel, float* HWY_RESTRICT dx, std::int64_t c) {
  const FloatTag d;
  const auto n = static_cast<std::int64_t>(hn::Lanes(d));
  const auto vs = hn::Set(d, s);
  auto sum = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + n <= c; i += n) {
    const auto vg = hn::LoadU(d, g + i);
    const auto vx = hn::LoadU(d, x + i);
    const auto va = hn::LoadU(d, gain + i);
    const auto gx = hn::Mul(vg, vx);
    const auto sa = hn::Mul(vs, va);
    sum = hn::MulAdd(gx, va, sum);
    hn::StoreU(hn::Mul(sa, vx), d, scaled + i);
    hn::StoreU(hn::MulAdd(gx, vs, hn::LoadU(d, dchannel + i)), d, dchannel + i);
    if (dx != nullptr) hn::StoreU(hn::MulAdd(vg, sa, hn::LoadU(d, dx + i)), d, dx + i);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < c; ++i) {
    total += g[i] * x[i] * gain[i];
    scaled[i] = s * gain[i] * x[i];
    dchannel[i] += g[i] * x[i] * s;
    if (dx != nullptr) dx[i] += g[i] * s * gain[i];
  }
  return total;
}

// All element-wise gradients of one strip and offset.
void strip_grads(const LaconvProblem& p, const Strip& s, std::int64_t i, std::int64_t g_stride, const StripGrads& buffers,
                 Partial& part) {
  const Shift shift = Shift::of(p, i);
  const std::int64_t p0 = s.pixel(p);
  float* dx_row = p.dx != nullptr ? part.dx_row(p, s.image * p.h + s.row + shift.dy) : nullptr;
  for (std::int64_t t = 0; t < s.length; ++t) {
    const std::int64_t pixel = p0 + t;
    float* scaled = buffers.scaled + t * p.c;
    float dspatial = 0;
    if (shift.inside(p, s, t)) {
      const float* x = p.x + (pixel + shift.dy * p.w + shift.dx) * p.c;
      float* dx = dx_row != nullptr ? dx_row + (s.begin + t + shift.dx) * p.c : nullptr;
      dspatial = pixel_grads(buffers.g + t * g_stride, x, p.channel_at(pixel, s.image), p.spatial[pixel * p.offsets() + i],
                             scaled, buffers.channel + (p.shared_channel ? 0 : t) * p.c, dx, p.c);
    } else {
      std::memset(scaled, 0, static_cast<std::size_t>(p.c) * sizeof(float));
    }
    if (p.dspatial != nullptr) p.dspatial[pixel * p.offsets() + i] = dspatial;
  }
}

void zero_spatial(const LaconvProblem& p, const Strip& s, std::int64_t i) {
  if (p.dspatial == nullptr) return;
  for (std::int64_t t = 0; t < s.length; ++t) p.dspatial[(s.pixel(p) + t) * p.offsets() + i] = 0;
}

void backward_rows(const LaconvProblem& p, const FloatBuffer& packed, Partial& part) {
  const std::int64_t cp = pad_to_lanes(p.c);
  const std::int64_t op = pad_to_lanes(p.o);
  FloatBuffer dy(kStrip * op);
  FloatBuffer g(kStrip * cp);
  FloatBuffer scaled(kStrip * p.c);
  FloatBuffer dchannel(kStrip * p.c);
  const std::int64_t gain_rows = p.shared_channel ? 1 : kStrip;
  for_each_strip(p, part.begin, part.end, [&](const Strip& s) {
    const std::int64_t p0 = s.pixel(p);
    for (std::int64_t t = 0; t < s.length; ++t) {
      std::copy_n(p.dy + (p0 + t) * p.o, p.o, dy.data() + t * op);
      for (std::int64_t o = 0; o < p.o; ++o) part.bias[o] += p.dy[(p0 + t) * p.o + o];
    }
    std::fill_n(dchannel.data(), gain_rows * p.c, 0.0F);
    for (std::int64_t i = 0; i < p.offsets(); ++i) {
      if (!Shift::of(p, i).row_inside(p, s)) {
        zero_spatial(p, s, i);
        continue;
      }
      std::fill_n(g.data(), s.length * cp, 0.0F);
      micro_gemm({dy.data(), op, 1}, s.length, p.o, packed.data() + i * p.o * cp, cp, g.data(), cp, cp);
      strip_grads(p, s, i, cp, {g.data(), scaled.data(), dchannel.data()}, part);
      if (p.dweight != nullptr) {
        micro_gemm({scaled.data(), 1, p.c}, p.c, s.length, dy.data(), op, part.weight.data() + i * p.c * op, op, op);
      }
    }
    if (p.shared_channel) {
      float* sums = part.channel.data() + s.image * p.c;
      for (std::int64_t c = 0; c < p.c; ++c) sums[c] += dchannel[c];
    } else if (p.dchannel != nullptr) {
      std::copy_n(dchannel.data(), s.length * p.c, p.dchannel + p0 * p.c);
    }
  });
}

// Adds a thread's share, in the order of the rows.
void merge(const LaconvProblem& p, Partial& part) {
  const std::int64_t op = pad_to_lanes(p.o);
  if (p.dweight != nullptr) {
    for (std::int64_t o = 0; o < p.o; ++o) {
      for (std::int64_t ic = 0; ic < p.offsets() * p.c; ++ic) {
        p.dweight[o * p.offsets() * p.c + ic] += part.weight[ic * op + o];
      }
    }
  }
  if (p.dbias != nullptr) {
    for (std::int64_t o = 0; o < p.o; ++o) p.dbias[o] += part.bias[o];
  }
  if (p.dchannel != nullptr && p.shared_channel) {
    for (std::int64_t j = 0; j < p.n * p.c; ++j) p.dchannel[j] += part.channel[j];
  }
  if (p.dx == nullptr) return;
  const std::int64_t length = p.w * p.c;
  for (std::int64_t r = 0; r < part.halo; ++r) {
    const std::int64_t up = part.begin - part.halo + r;
    const std::int64_t down = part.end + r;
    for (std::int64_t j = 0; j < length; ++j) {
      if (up >= 0) p.dx[up * length + j] += part.above[r * length + j];
      if (down < p.rows()) p.dx[down * length + j] += part.below[r * length + j];
    }
  }
}

void backward(const LaconvProblem& p) {
  const std::int64_t cp = pad_to_lanes(p.c);
  // packed[i][o][c]
  FloatBuffer packed(p.offsets() * p.o * cp);
  for (std::int64_t o = 0; o < p.o; ++o) {
    for (std::int64_t i = 0; i < p.offsets(); ++i) {
      std::copy_n(p.weight + (o * p.offsets() + i) * p.c, p.c, packed.data() + (i * p.o + o) * cp);
    }
  }
  // Each piece has sums of its own, so their number shows in the last bits.
  const std::int64_t wanted = math_mode().deterministic ? kFixedPieces : max_threads();
  const std::int64_t pieces = std::min<std::int64_t>(wanted, p.rows());
  std::vector<Partial> parts;
  for (std::int64_t t = 0; t < pieces; ++t) parts.emplace_back(p, p.rows() * t / pieces, p.rows() * (t + 1) / pieces);
  parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) backward_rows(p, packed, parts[t]);
  });
  for (Partial& part : parts) merge(p, part);
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(forward);
HWY_EXPORT(backward);

const LaconvKernels& reference_table() { return kernel_table(Backend::reference).laconv; }

float* data_or_null(const View& v) { return v ? v.as<float>() : nullptr; }

void zero(const View& v) {
  if (v) std::memset(v.data, 0, static_cast<std::size_t>(v.numel()) * sizeof(float));
}

LaconvProblem describe(ConstView x, ConstView spatial, ConstView channel, ConstView weight) {
  LaconvProblem p{};
  p.n = x.shape[0];
  p.h = x.shape[1];
  p.w = x.shape[2];
  p.c = x.shape[3];
  p.o = weight.shape[0];
  p.k = weight.shape[1];
  p.shared_channel = channel.shape[1] == 1 && channel.shape[2] == 1;
  p.x = x.as<float>();
  p.spatial = spatial.as<float>();
  p.channel = channel.as<float>();
  p.weight = weight.as<float>();
  return p;
}

void laconv_fwd(ConstView x, ConstView spatial, ConstView channel, ConstView weight, ConstView bias, double leaky_slope, View y) {
  if (x.dtype != DType::f32) {
    reference_table().laconv_fwd(x, spatial, channel, weight, bias, leaky_slope, y);
    return;
  }
  LaconvProblem p = describe(x, spatial, channel, weight);
  p.bias = bias.as<float>();
  p.leaky_slope = static_cast<float>(leaky_slope);
  p.y = y.as<float>();
  HWY_DYNAMIC_DISPATCH(forward)(p);
}

void laconv_bwd(ConstView x, ConstView spatial, ConstView channel, ConstView weight, ConstView dy, View dx, View dspatial,
                View dchannel, View dweight, View dbias) {
  if (x.dtype != DType::f32) {
    reference_table().laconv_bwd(x, spatial, channel, weight, dy, dx, dspatial, dchannel, dweight, dbias);
    return;
  }
  LaconvProblem p = describe(x, spatial, channel, weight);
  p.dy = dy.as<float>();
  // Gradients that several pixels share are added up from zero; the others are written once.
  for (const View& v : {dx, dweight, dbias}) zero(v);
  if (p.shared_channel) zero(dchannel);
  p.dx = data_or_null(dx);
  p.dspatial = data_or_null(dspatial);
  p.dchannel = data_or_null(dchannel);
  p.dweight = data_or_null(dweight);
  p.dbias = data_or_null(dbias);
  HWY_DYNAMIC_DISPATCH(backward)(p);
}

}  // namespace

void fill(LaconvKernels& k) {
  k.laconv_fwd = laconv_fwd;
  k.laconv_bwd = laconv_bwd;
}

}  // namespace cf::cpu
#endif
