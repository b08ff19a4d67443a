#include "kernels/fused.h"

#include <cmath>

#include "kernels/functors.h"

namespace cf::reference {
namespace {

void gated_blend(ConstView g, ConstView a, ConstView b, View y) {
  dispatch_float(g.dtype, "gated_blend", [&](auto zero) {
    using T = decltype(zero);
    const T* pg = g.as<T>();
    const T* pa = a.as<T>();
    const T* pb = b.as<T>();
    T* out = y.as<T>();
    for (std::int64_t i = 0; i < g.numel(); ++i) {
      const T s = functors::Sigmoid::f(pg[i], {});
      out[i] = s * pa[i] + (T(1) - s) * pb[i];
    }
  });
}

void gated_blend_grad(ConstView g, ConstView a, ConstView b, ConstView dy, View dg, View da, View db) {
  dispatch_float(g.dtype, "gated_blend_grad", [&](auto zero) {
    using T = decltype(zero);
    const T* pg = g.as<T>();
    const T* pa = a.as<T>();
    const T* pb = b.as<T>();
    const T* d = dy.as<T>();
    for (std::int64_t i = 0; i < g.numel(); ++i) {
      const T s = functors::Sigmoid::f(pg[i], {});
      if (dg) dg.as<T>()[i] = d[i] * (pa[i] - pb[i]) * s * (T(1) - s);
      if (da) da.as<T>()[i] = d[i] * s;
      if (db) db.as<T>()[i] = d[i] * (T(1) - s);
    }
  });
}

// The maximum of n values; NaN where there is one.
template <class T>
T max_of(const T* x, std::int64_t n) {
  T peak = x[0];
  for (std::int64_t k = 1; k < n; ++k) {
    if (x[k] > peak || std::isnan(x[k])) peak = x[k];
  }
  return peak;
}

void channel_max_mean(ConstView x, View y) {
  dispatch_float(x.dtype, "channel_max_mean", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t c = x.shape[-1];
    T* out = y.as<T>();
    for (std::int64_t p = 0; p < x.numel() / c; ++p) {
      const T* in = x.as<T>() + p * c;
      double sum = 0;
      for (std::int64_t k = 0; k < c; ++k) sum += static_cast<double>(in[k]);
      out[2 * p] = max_of(in, c);
      out[2 * p + 1] = static_cast<T>(sum / static_cast<double>(c));
    }
  });
}

void channel_max_mean_grad(ConstView x, ConstView dy, View dx) {
  dispatch_float(x.dtype, "channel_max_mean_grad", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t c = x.shape[-1];
    for (std::int64_t p = 0; p < x.numel() / c; ++p) {
      const T* in = x.as<T>() + p * c;
      const T* g = dy.as<T>() + 2 * p;
      T* d = dx.as<T>() + p * c;
      const T peak = max_of(in, c);
      const auto reaches = [&](T v) { return v == peak || (std::isnan(v) && std::isnan(peak)); };
      std::int64_t ties = 0;
      for (std::int64_t k = 0; k < c; ++k) ties += reaches(in[k]) ? 1 : 0;
      const T mean_share = g[1] / static_cast<T>(c);
      const T max_share = g[0] / static_cast<T>(ties);
      for (std::int64_t k = 0; k < c; ++k) d[k] = reaches(in[k]) ? mean_share + max_share : mean_share;
    }
  });
}

}  // namespace

void fill(FusedKernels& k) {
  k.gated_blend = gated_blend;
  k.gated_blend_grad = gated_blend_grad;
  k.channel_max_mean = channel_max_mean;
  k.channel_max_mean_grad = channel_max_mean_grad;
}

}  // namespace cf::reference
