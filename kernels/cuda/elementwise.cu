// Element-wise kernels on the GPU. Where addresses and strides allow it, a thread moves 16 bytes at a time.
#include "kernels/elementwise.h"

#include "kernels/binary_functors.h"
#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/launch.h"
#include "kernels/functors.h"

namespace cf::cuda {
namespace {

using simt::Compute;

template <class Functor, class T, int N>
CF_KERNEL void unary_kernel(std::int64_t pieces, UnaryParams p, const T* x, T* y) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    auto v = simt::load<N>(x + i * N);
    for (T& e : v.v) e = simt::narrow<T>(Functor::f(simt::widen(e), p));
    simt::store(v, y + i * N);
  }
}

template <class Functor, class T, int N>
CF_KERNEL void unary_grad_kernel(std::int64_t pieces, UnaryParams p, const T* x, const T* y, const T* dy, T* dx) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    const auto in = simt::load<N>(x + i * N);
    const auto out = simt::load<N>(y + i * N);
    auto g = simt::load<N>(dy + i * N);
    for (int e = 0; e < N; ++e) {
      g.v[e] = simt::narrow<T>(simt::widen(g.v[e]) * Functor::d(simt::widen(in.v[e]), simt::widen(out.v[e]), p));
    }
    simt::store(g, dx + i * N);
  }
}

// a and b of y's shape, or single values (step 0).
template <class Functor, class T, int N>
CF_KERNEL void binary_flat_kernel(std::int64_t pieces, const T* a, int a_step, const T* b, int b_step, T* y) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    simt::Vec<T, N> va;
    simt::Vec<T, N> vb;
    if (a_step == 0) {
      for (T& e : va.v) e = *a;
    } else {
      va = simt::load<N>(a + i * N);
    }
    if (b_step == 0) {
      for (T& e : vb.v) e = *b;
    } else {
      vb = simt::load<N>(b + i * N);
    }
    for (int e = 0; e < N; ++e) va.v[e] = simt::narrow<T>(Functor::f(simt::widen(va.v[e]), simt::widen(vb.v[e])));
    simt::store(va, y + i * N);
  }
}

template <class Functor, class T>
CF_KERNEL void binary_broadcast_kernel(std::int64_t n, BroadcastIndex index, const T* a, const T* b, T* y) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    const auto at = index.offsets(i);
    y[i] = simt::narrow<T>(Functor::f(simt::widen(a[at.a]), simt::widen(b[at.b])));
  }
}

template <class T>
CF_KERNEL void where_kernel(std::int64_t n, BroadcastIndex operands, BroadcastIndex conditions, const std::uint8_t* condition,
                            const T* a, const T* b, T* y) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    const auto at = operands.offsets(i);
    y[i] = condition[conditions.offsets(i).a] != 0 ? a[at.a] : b[at.b];
  }
}

template <class From, class To>
CF_KERNEL void cast_kernel(std::int64_t n, const From* x, To* y) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) y[i] = convert<To>(x[i]);
}

template <class T>
CF_KERNEL void fill_kernel(std::int64_t n, T value, T* y) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) y[i] = value;
}

void unary(Unary op, UnaryParams p, ConstView x, View y) {
  dispatch_gpu(x.dtype, "unary", [&](auto zero) {
    using T = decltype(zero);
    functors::with(op, [&]<class Functor>(Functor) {
      with_vector_width<T>({x.data, y.data}, x.numel(), [&](auto width, std::int64_t pieces) {
        launch("unary", unary_kernel<Functor, T, width()>, grid_for(pieces), pieces, p, x.as<T>(), y.as<T>());
      });
    });
  });
}

void unary_grad(Unary op, UnaryParams p, ConstView x, ConstView y, ConstView dy, View dx) {
  dispatch_gpu(x.dtype, "unary_grad", [&](auto zero) {
    using T = decltype(zero);
    functors::with(op, [&]<class Functor>(Functor) {
      with_vector_width<T>({x.data, y.data, dy.data, dx.data}, x.numel(), [&](auto width, std::int64_t pieces) {
        launch("unary_grad", unary_grad_kernel<Functor, T, width()>, grid_for(pieces), pieces, p, x.as<T>(), y.as<T>(),
               dy.as<T>(), dx.as<T>());
      });
    });
  });
}

void binary(Binary op, ConstView a, ConstView b, View y) {
  const auto flat = [&](ConstView v) { return v.numel() == 1 || v.numel() == y.numel(); };
  const auto step = [&](ConstView v) { return v.numel() == y.numel() ? 1 : 0; };
  const auto address = [&](ConstView v) { return step(v) == 1 ? v.data : y.data; };
  dispatch_gpu(a.dtype, "binary", [&](auto zero) {
    using T = decltype(zero);
    functors::with(op, [&]<class Functor>(Functor) {
      if (flat(a) && flat(b)) {
        with_vector_width<T>({address(a), address(b), y.data}, y.numel(), [&](auto width, std::int64_t pieces) {
          launch("binary", binary_flat_kernel<Functor, T, width()>, grid_for(pieces), pieces, a.as<T>(), step(a), b.as<T>(),
                 step(b), y.as<T>());
        });
      } else {
        launch("binary", binary_broadcast_kernel<Functor, T>, grid_for(y.numel()), y.numel(),
               BroadcastIndex(y.shape, a.shape, b.shape), a.as<T>(), b.as<T>(), y.as<T>());
      }
    });
  });
}

void where(ConstView condition, ConstView a, ConstView b, View y) {
  dispatch_gpu(a.dtype, "where", [&](auto zero) {
    using T = decltype(zero);
    launch("where", where_kernel<T>, grid_for(y.numel()), y.numel(), BroadcastIndex(y.shape, a.shape, b.shape),
           BroadcastIndex(y.shape, condition.shape, condition.shape), condition.as<std::uint8_t>(), a.as<T>(), b.as<T>(),
           y.as<T>());
  });
}

void cast(ConstView x, View y) {
  dispatch_any(x.dtype, [&](auto from) {
    dispatch_any(y.dtype, [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      launch("cast", cast_kernel<From, To>, grid_for(x.numel()), x.numel(), x.as<From>(), y.as<To>());
    });
  });
}

void fill_value(double value, View y) {
  dispatch_any(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch("fill", fill_kernel<T>, grid_for(y.numel()), y.numel(), convert<T>(value), y.as<T>());
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

}  // namespace cf::cuda
