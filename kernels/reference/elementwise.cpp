#include "kernels/elementwise.h"

#include <algorithm>

#include "kernels/binary_functors.h"
#include "kernels/broadcast.h"
#include "kernels/functors.h"

namespace cf::reference {
namespace {

void unary(Unary op, UnaryParams p, ConstView x, View y) {
  dispatch_float(x.dtype, "unary", [&](auto zero) {
    using T = decltype(zero);
    functors::with(op, [&](auto functor) {
      const T* in = x.as<T>();
      T* out = y.as<T>();
      for (std::int64_t i = 0; i < x.numel(); ++i) out[i] = functor.f(in[i], p);
    });
  });
}

void unary_grad(Unary op, UnaryParams p, ConstView x, ConstView y, ConstView dy, View dx) {
  dispatch_float(x.dtype, "unary_grad", [&](auto zero) {
    using T = decltype(zero);
    functors::with(op, [&](auto functor) {
      const T* in = x.as<T>();
      const T* out = y.as<T>();
      const T* g = dy.as<T>();
      T* d = dx.as<T>();
      for (std::int64_t i = 0; i < x.numel(); ++i) d[i] = g[i] * functor.d(in[i], out[i], p);
    });
  });
}

void binary(Binary op, ConstView a, ConstView b, View y) {
  dispatch_float(a.dtype, "binary", [&](auto zero) {
    using T = decltype(zero);
    functors::with(op, [&](auto functor) {
      const T* pa = a.as<T>();
      const T* pb = b.as<T>();
      T* out = y.as<T>();
      for_each_broadcast(y.shape, broadcast_strides(a.shape, y.shape), broadcast_strides(b.shape, y.shape),
                         [&](std::int64_t i, std::int64_t ia, std::int64_t ib) { out[i] = functor.f(pa[ia], pb[ib]); });
    });
  });
}

void where(ConstView condition, ConstView a, ConstView b, View y) {
  dispatch_float(a.dtype, "where", [&](auto zero) {
    using T = decltype(zero);
    const auto* c = condition.as<std::uint8_t>();
    T* out = y.as<T>();
    const auto c_strides = broadcast_strides(condition.shape, y.shape);
    const auto choose = [&](ConstView from, bool chosen) {
      const T* p = from.as<T>();
      for_each_broadcast(y.shape, c_strides, broadcast_strides(from.shape, y.shape),
                         [&](std::int64_t i, std::int64_t ic, std::int64_t ip) {
                           if ((c[ic] != 0) == chosen) out[i] = p[ip];
                         });
    };
    choose(a, true);
    choose(b, false);
  });
}

void cast(ConstView x, View y) {
  dispatch_any(x.dtype, [&](auto from) {
    dispatch_any(y.dtype, [&](auto to) {
      const auto* in = x.as<decltype(from)>();
      auto* out = y.as<decltype(to)>();
      for (std::int64_t i = 0; i < x.numel(); ++i) out[i] = convert<decltype(to)>(in[i]);
    });
  });
}

void fill_value(double value, View y) {
  dispatch_any(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(y.as<T>(), y.numel(), convert<T>(value));
  });
}

}  // namespace

void fill(ElementwiseKernels& k) {
  k.unary = unary;
  k.unary_grad = unary_grad;
  k.binary = binary;
  k.where = where;
  k.cast = cast;
  k.fill = fill_value;
}

}  // namespace cf::reference
