#include "kernels/pool.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pool.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/simd-inl.h"
#include "kernels/table.h"

#ifndef CF_CPU_POOL_ONCE
#define CF_CPU_POOL_ONCE

namespace cf::cpu {

// One row of results: `count` windows of size x size pixels, `stride` pixels apart.
struct PoolRow {
  std::int64_t size, stride, count, channels;
  std::int64_t pitch;  // floats from one row of the image to the next
  const float* x;      // first window; null for averages' gradients
  float* y;
  const float* dy;
  float* dx;
};

}  // namespace cf::cpu

#endif

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {
namespace {

using Mask = hn::Mask<F32>;

// Calls fn(i, k, in, out) for every vector of channels of every window: `in` leads to the window's first pixel, `out`
// to the pooled one.
template <class F>
HWY_INLINE void for_each_window(F32 d, const PoolRow& r, F fn) {
  for (std::int64_t w = 0; w < r.count; ++w) {
    const std::int64_t in = w * r.stride * r.channels;
    const std::int64_t out = w * r.channels;
    for_vectors(d, static_cast<std::size_t>(r.channels), [=](std::size_t i, std::size_t k) HWY_ATTR { fn(i, k, in, out); });
  }
}

// Calls fn(offset) for every pixel of a window, in row order.
template <class F>
HWY_INLINE void for_each_pixel(const PoolRow& r, F fn) {
  for (std::int64_t i = 0; i < r.size; ++i) {
    for (std::int64_t j = 0; j < r.size; ++j) fn(i * r.pitch + j * r.channels);
  }
}

// The maximum; NaN counts as the largest value.
HWY_INLINE Vec window_max(F32 d, const PoolRow& r, std::int64_t in, std::size_t k) {
  Vec best = load_n(d, r.x + in, k);
  for_each_pixel(r, [&](std::int64_t pixel) HWY_ATTR { best = max_or_nan(best, load_n(d, r.x + in + pixel, k)); });
  return best;
}

void max_row(const PoolRow& r) {
  const F32 d;
  for_each_window(d, r, [&](std::size_t i, std::size_t k, std::int64_t in, std::int64_t out) HWY_ATTR {
    store_n(d, window_max(d, r, in + static_cast<std::int64_t>(i), k), r.y + out + i, k);
  });
}

void max_row_grad(const PoolRow& r) {
  const F32 d;
  for_each_window(d, r, [&](std::size_t i, std::size_t k, std::int64_t in, std::int64_t out) HWY_ATTR {
    const Vec best = window_max(d, r, in + static_cast<std::int64_t>(i), k);
    Vec rest = load_n(d, r.dy + out + i, k);  // dy where the maximum was not met yet, zero elsewhere
    for_each_pixel(r, [&](std::int64_t pixel) HWY_ATTR {
      const Vec v = load_n(d, r.x + in + pixel + i, k);
      const Mask here = hn::Or(hn::Eq(v, best), hn::IsNaN(v));
      store_n(d, hn::Add(load_n(d, r.dx + in + pixel + i, k), hn::IfThenElseZero(here, rest)), r.dx + in + pixel + i, k);
      rest = hn::IfThenZeroElse(here, rest);
    });
  });
}

void avg_row(const PoolRow& r) {
  const F32 d;
  const Vec share = hn::Set(d, 1.0F / static_cast<float>(r.size * r.size));
  for_each_window(d, r, [&](std::size_t i, std::size_t k, std::int64_t in, std::int64_t out) HWY_ATTR {
    Vec sum = hn::Zero(d);
    for_each_pixel(r, [&](std::int64_t pixel) HWY_ATTR { sum = hn::Add(sum, load_n(d, r.x + in + pixel + i, k)); });
    store_n(d, hn::Mul(sum, share), r.y + out + i, k);
  });
}

void avg_row_grad(const PoolRow& r) {
  const F32 d;
  const Vec share = hn::Set(d, 1.0F / static_cast<float>(r.size * r.size));
  for_each_window(d, r, [&](std::size_t i, std::size_t k, std::int64_t in, std::int64_t out) HWY_ATTR {
    const Vec g = hn::Mul(load_n(d, r.dy + out + i, k), share);
    for_each_pixel(r, [&](std::int64_t pixel)
                          HWY_ATTR { store_n(d, hn::Add(load_n(d, r.dx + in + pixel + i, k), g), r.dx + in + pixel + i, k); });
  });
}

}  // namespace
}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(max_row);
HWY_EXPORT(max_row_grad);
HWY_EXPORT(avg_row);
HWY_EXPORT(avg_row_grad);

const PoolKernels& plain() { return kernel_table(Backend::reference).pool; }

constexpr std::int64_t kGrain = 16384;  // floats

// Calls fn(offset of the first window of a row of results in the image, offset of that row, row) in parallel; whole images
// at a time where windows overlap, so that no two threads add to the same pixel.
template <class F>
void for_each_row(const PoolParams& p, const Shape& image, const Shape& pooled, F&& fn) {
  const std::int64_t rows = p.stride < p.size ? pooled[1] : 1;  // of one piece of work
  const std::int64_t row_floats = image[2] * image[3];
  parallel_for(pooled[0] * pooled[1] / rows, 1 + kGrain / (rows * p.size * row_floats + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t r = begin * rows; r < end * rows; ++r) {
                   const std::int64_t first = r / pooled[1] * image[1] + r % pooled[1] * p.stride;
                   fn(PoolRow{p.size, p.stride, pooled[2], image[3], row_floats, nullptr, nullptr, nullptr, nullptr},
                      first * row_floats, r * pooled[2] * pooled[3]);
                 }
               });
}

void zero(View v) {
  parallel_for(v.numel(), kGrain,
               [&](std::int64_t begin, std::int64_t end) { std::fill(v.as<float>() + begin, v.as<float>() + end, 0.0F); });
}

void max_fwd(const PoolParams& p, ConstView x, View y) {
  if (x.dtype != DType::f32) return plain().max_fwd(p, x, y);
  for_each_row(p, x.shape, y.shape, [&](PoolRow row, std::int64_t in, std::int64_t out) {
    row.x = x.as<float>() + in;
    row.y = y.as<float>() + out;
    HWY_DYNAMIC_DISPATCH(max_row)(row);
  });
}

void max_grad(const PoolParams& p, ConstView x, ConstView dy, View dx) {
  if (x.dtype != DType::f32) return plain().max_grad(p, x, dy, dx);
  zero(dx);
  for_each_row(p, x.shape, dy.shape, [&](PoolRow row, std::int64_t in, std::int64_t out) {
    row.x = x.as<float>() + in;
    row.dy = dy.as<float>() + out;
    row.dx = dx.as<float>() + in;
    HWY_DYNAMIC_DISPATCH(max_row_grad)(row);
  });
}

void avg_fwd(const PoolParams& p, ConstView x, View y) {
  if (x.dtype != DType::f32) return plain().avg_fwd(p, x, y);
  for_each_row(p, x.shape, y.shape, [&](PoolRow row, std::int64_t in, std::int64_t out) {
    row.x = x.as<float>() + in;
    row.y = y.as<float>() + out;
    HWY_DYNAMIC_DISPATCH(avg_row)(row);
  });
}

void avg_grad(const PoolParams& p, ConstView dy, View dx) {
  if (dy.dtype != DType::f32) return plain().avg_grad(p, dy, dx);
  zero(dx);
  for_each_row(p, dx.shape, dy.shape, [&](PoolRow row, std::int64_t in, std::int64_t out) {
    row.dy = dy.as<float>() + out;
    row.dx = dx.as<float>() + in;
    HWY_DYNAMIC_DISPATCH(avg_row_grad)(row);
  });
}

}  // namespace

void fill(PoolKernels& k) {
  k.max_fwd = max_fwd;
  k.max_grad = max_grad;
  k.avg_fwd = avg_fwd;
  k.avg_grad = avg_grad;
}

}  // namespace cf::cpu
#endif
