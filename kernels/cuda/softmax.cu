// Softmax on the GPU: a team of lanes per row. The second and third look at a row find it in the cache.
#include "kernels/softmax.h"

#include <cmath>

#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/teams.h"

namespace cf::cuda {
namespace {

using simt::narrow;
using simt::widen;

template <class T, int N>
CF_KERNEL void softmax_kernel(std::int64_t rows, std::int64_t c, int team, const T* x, T* y) {
  using std::exp;
  for_each_row(rows, c, team, N, [&](const RowPart& part) {
    float peak = -INFINITY;
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      for (const T e : simt::load<N>(x + i).v) peak = Larger()(peak, widen(e));
    }
    peak = team_reduce(peak, team, Larger());
    float sum = 0;
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      for (const T e : simt::load<N>(x + i).v) sum += exp(widen(e) - peak);
    }
    sum = team_reduce(sum, team, Add());
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      auto v = simt::load<N>(x + i);
      for (T& e : v.v) e = narrow<T>(exp(widen(e) - peak) / sum);
      simt::store(v, y + i);
    }
  });
}

template <class T, int N>
CF_KERNEL void softmax_grad_kernel(std::int64_t rows, std::int64_t c, int team, const T* y, const T* dy, T* dx) {
  for_each_row(rows, c, team, N, [&](const RowPart& part) {
    float dot = 0;
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      const auto out = simt::load<N>(y + i);
      const auto g = simt::load<N>(dy + i);
      for (int e = 0; e < N; ++e) dot += widen(out.v[e]) * widen(g.v[e]);
    }
    dot = team_reduce(dot, team, Add());
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      const auto out = simt::load<N>(y + i);
      auto g = simt::load<N>(dy + i);
      for (int e = 0; e < N; ++e) g.v[e] = narrow<T>(widen(out.v[e]) * (widen(g.v[e]) - dot));
      simt::store(g, dx + i);
    }
  });
}

void softmax(ConstView x, View y) {
  dispatch_gpu(x.dtype, "softmax", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t c = x.shape[-1];
    with_vector_width<T>({x.data, y.data}, c, [&](auto width, std::int64_t pieces) {
      const int team = team_for(pieces);
      launch("softmax", softmax_kernel<T, width()>, grid_of_teams(x.numel() / c, team), x.numel() / c, c, team, x.as<T>(),
             y.as<T>());
    });
  });
}

void softmax_grad(ConstView y, ConstView dy, View dx) {
  dispatch_gpu(y.dtype, "softmax_grad", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t c = y.shape[-1];
    with_vector_width<T>({y.data, dy.data, dx.data}, c, [&](auto width, std::int64_t pieces) {
      const int team = team_for(pieces);
      launch("softmax_grad", softmax_grad_kernel<T, width()>, grid_of_teams(y.numel() / c, team), y.numel() / c, c, team,
             y.as<T>(), dy.as<T>(), dx.as<T>());
    });
  });
}

}  // namespace

void fill(SoftmaxKernels& k) {
  k.softmax = softmax;
  k.softmax_grad = softmax_grad;
}

}  // namespace cf::cuda
