// Fused operators on the GPU: element-wise maths in 16-byte pieces, reductions over channels by a team of lanes per pixel.
#include "kernels/fused.h"

#include <cmath>

#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/teams.h"
#include "kernels/functors.h"

namespace cf::cuda {
namespace {

using simt::narrow;
using simt::widen;

template <class T, int N>
CF_KERNEL void gated_blend_kernel(std::int64_t pieces, const T* g, const T* a, const T* b, T* y) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    const auto gate = simt::load<N>(g + i * N);
    const auto va = simt::load<N>(a + i * N);
    auto v = simt::load<N>(b + i * N);
    for (int e = 0; e < N; ++e) {
      const float s = functors::Sigmoid::f(widen(gate.v[e]), {});
      v.v[e] = narrow<T>(s * widen(va.v[e]) + (1 - s) * widen(v.v[e]));
    }
    simt::store(v, y + i * N);
  }
}

// da, db and dg may be null.
template <class T, int N>
CF_KERNEL void gated_blend_grad_kernel(std::int64_t pieces, const T* g, const T* a, const T* b, const T* dy, T* dg, T* da,
                                       T* db) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    const auto d = simt::load<N>(dy + i * N);
    float s[N];
    const auto gate = simt::load<N>(g + i * N);
    for (int e = 0; e < N; ++e) s[e] = functors::Sigmoid::f(widen(gate.v[e]), {});
    simt::Vec<T, N> out;
    if (dg != nullptr) {
      const auto va = simt::load<N>(a + i * N);
      const auto vb = simt::load<N>(b + i * N);
      for (int e = 0; e < N; ++e) {
        out.v[e] = narrow<T>(widen(d.v[e]) * (widen(va.v[e]) - widen(vb.v[e])) * s[e] * (1 - s[e]));
      }
      simt::store(out, dg + i * N);
    }
    if (da != nullptr) {
      for (int e = 0; e < N; ++e) out.v[e] = narrow<T>(widen(d.v[e]) * s[e]);
      simt::store(out, da + i * N);
    }
    if (db != nullptr) {
      for (int e = 0; e < N; ++e) out.v[e] = narrow<T>(widen(d.v[e]) * (1 - s[e]));
      simt::store(out, db + i * N);
    }
  }
}

template <class T, int N>
CF_KERNEL void channel_max_mean_kernel(std::int64_t rows, std::int64_t c, int team, const T* x, T* y) {
  for_each_row(rows, c, team, N, [&](const RowPart& part) {
    float peak = -INFINITY;
    float sum = 0;
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      for (const T e : simt::load<N>(x + i).v) {
        peak = Larger()(peak, widen(e));
        sum += widen(e);
      }
    }
    peak = team_reduce(peak, team, Larger());
    sum = team_reduce(sum, team, Add());
    if (!part.first) return;
    y[2 * part.row] = narrow<T>(peak);
    y[2 * part.row + 1] = narrow<T>(sum / static_cast<float>(c));
  });
}

template <class T, int N>
CF_KERNEL void channel_max_mean_grad_kernel(std::int64_t rows, std::int64_t c, int team, const T* x, const T* dy, T* dx) {
  for_each_row(rows, c, team, N, [&](const RowPart& part) {
    float peak = -INFINITY;
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      for (const T e : simt::load<N>(x + i).v) peak = Larger()(peak, widen(e));
    }
    peak = team_reduce(peak, team, Larger());
    int ties = 0;
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      for (const T e : simt::load<N>(x + i).v) ties += reaches(widen(e), peak) ? 1 : 0;
    }
    ties = team_reduce(ties, team, Add());
    if (part.begin >= part.end) return;
    const float mean_share = widen(dy[2 * part.row + 1]) / static_cast<float>(c);
    const float both = mean_share + widen(dy[2 * part.row]) / static_cast<float>(ties);
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      auto v = simt::load<N>(x + i);
      for (T& e : v.v) e = narrow<T>(reaches(widen(e), peak) ? both : mean_share);
      simt::store(v, dx + i);
    }
  });
}

void gated_blend(ConstView g, ConstView a, ConstView b, View y) {
  dispatch_gpu(g.dtype, "gated_blend", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({g.data, a.data, b.data, y.data}, g.numel(), [&](auto width, std::int64_t pieces) {
      launch("gated_blend", gated_blend_kernel<T, width()>, grid_for(pieces), pieces, g.as<T>(), a.as<T>(), b.as<T>(), y.as<T>());
    });
  });
}

void gated_blend_grad(ConstView g, ConstView a, ConstView b, ConstView dy, View dg, View da, View db) {
  dispatch_gpu(g.dtype, "gated_blend_grad", [&](auto zero) {
    using T = decltype(zero);
    const auto wanted = [](View v) { return v ? v.as<T>() : nullptr; };
    with_vector_width<T>({g.data, a.data, b.data, dy.data, dg.data, da.data, db.data}, g.numel(),
                         [&](auto width, std::int64_t pieces) {
                           launch("gated_blend_grad", gated_blend_grad_kernel<T, width()>, grid_for(pieces), pieces, g.as<T>(),
                                  a.as<T>(), b.as<T>(), dy.as<T>(), wanted(dg), wanted(da), wanted(db));
                         });
  });
}

void channel_max_mean(ConstView x, View y) {
  dispatch_gpu(x.dtype, "channel_max_mean", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t c = x.shape[-1];
    with_vector_width<T>({x.data}, c, [&](auto width, std::int64_t pieces) {
      const int team = team_for(pieces);
      launch("channel_max_mean", channel_max_mean_kernel<T, width()>, grid_of_teams(x.numel() / c, team), x.numel() / c, c, team,
             x.as<T>(), y.as<T>());
    });
  });
}

void channel_max_mean_grad(ConstView x, ConstView dy, View dx) {
  dispatch_gpu(x.dtype, "channel_max_mean_grad", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t c = x.shape[-1];
    with_vector_width<T>({x.data, dx.data}, c, [&](auto width, std::int64_t pieces) {
      const int team = team_for(pieces);
      launch("channel_max_mean_grad", channel_max_mean_grad_kernel<T, width()>, grid_of_teams(x.numel() / c, team), x.numel() / c,
             c, team, x.as<T>(), dy.as<T>(), dx.as<T>());
    });
  });
}

}  // namespace

void fill(FusedKernels& k) {
  k.gated_blend = gated_blend;
  k.gated_blend_grad = gated_blend_grad;
  k.channel_max_mean = channel_max_mean;
  k.channel_max_mean_grad = channel_max_mean_grad;
}

}  // namespace cf::cuda
