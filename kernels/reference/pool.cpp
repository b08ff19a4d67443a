#include "kernels/pool.h"

#include <algorithm>
#include <cmath>

namespace cf::reference {
namespace {

// Calls fn(out, first) for every element of the pooled image: its offset, and that of the first element of its window.
template <class F>
void for_each_window(const PoolParams& p, const Shape& x, const Shape& y, F&& fn) {
  std::int64_t out = 0;
  for (std::int64_t n = 0; n < y[0]; ++n) {
    for (std::int64_t oh = 0; oh < y[1]; ++oh) {
      for (std::int64_t ow = 0; ow < y[2]; ++ow) {
        const std::int64_t first = ((n * x[1] + oh * p.stride) * x[2] + ow * p.stride) * x[3];
        for (std::int64_t c = 0; c < x[3]; ++c) fn(out++, first + c);
      }
    }
  }
}

// Calls fn(offset) for every element of a window, in row order.
template <class F>
void for_each_in_window(const PoolParams& p, const Shape& x, std::int64_t first, F&& fn) {
  for (std::int64_t i = 0; i < p.size; ++i) {
    for (std::int64_t j = 0; j < p.size; ++j) fn(first + (i * x[2] + j) * x[3]);
  }
}

template <class T>
std::int64_t arg_max(const PoolParams& p, const Shape& shape, const T* x, std::int64_t first) {
  std::int64_t best = first;
  for_each_in_window(p, shape, first, [&](std::int64_t i) {
    if (x[i] > x[best] || (std::isnan(x[i]) && !std::isnan(x[best]))) best = i;
  });
  return best;
}

void max_fwd(const PoolParams& p, ConstView x, View y) {
  dispatch_float(x.dtype, "max_pool2d", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* result = y.as<T>();
    for_each_window(p, x.shape, y.shape,
                    [&](std::int64_t out, std::int64_t first) { result[out] = in[arg_max(p, x.shape, in, first)]; });
  });
}

void max_grad(const PoolParams& p, ConstView x, ConstView dy, View dx) {
  dispatch_float(x.dtype, "max_pool2d", [&](auto zero) {
    using T = decltype(zero);
    const T* g = dy.as<T>();
    T* d = dx.as<T>();
    std::fill_n(d, dx.numel(), T(0));
    for_each_window(p, x.shape, dy.shape,
                    [&](std::int64_t out, std::int64_t first) { d[arg_max(p, x.shape, x.as<T>(), first)] += g[out]; });
  });
}

void avg_fwd(const PoolParams& p, ConstView x, View y) {
  dispatch_float(x.dtype, "avg_pool2d", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* result = y.as<T>();
    for_each_window(p, x.shape, y.shape, [&](std::int64_t out, std::int64_t first) {
      double sum = 0;
      for_each_in_window(p, x.shape, first, [&](std::int64_t i) { sum += static_cast<double>(in[i]); });
      result[out] = static_cast<T>(sum / static_cast<double>(p.size * p.size));
    });
  });
}

void avg_grad(const PoolParams& p, ConstView dy, View dx) {
  dispatch_float(dy.dtype, "avg_pool2d", [&](auto zero) {
    using T = decltype(zero);
    const T* g = dy.as<T>();
    T* d = dx.as<T>();
    std::fill_n(d, dx.numel(), T(0));
    for_each_window(p, dx.shape, dy.shape, [&](std::int64_t out, std::int64_t first) {
      for_each_in_window(p, dx.shape, first, [&](std::int64_t i) { d[i] += g[out] / static_cast<T>(p.size * p.size); });
    });
  });
}

}  // namespace

void fill(PoolKernels& k) {
  k.max_fwd = max_fwd;
  k.max_grad = max_grad;
  k.avg_fwd = avg_fwd;
  k.avg_grad = avg_grad;
}

}  // namespace cf::reference
