// Normalisation of single rows of channels, each by a team of lanes.
#pragma once

#include <cmath>

#include "kernels/cuda/teams.h"

namespace cf::cuda {

CF_DEVICE float rstd_of(float var, float eps) {
  using std::sqrt;
  return 1 / sqrt(var + eps);
}

template <class T, int N>
CF_KERNEL void norm_rows_kernel(std::int64_t rows, std::int64_t c, int team, float eps, const T* x, const T* weight,
                                const T* bias, float* mean, float* var, T* y) {
  using simt::widen;
  for_each_row(rows, c, team, N, [&](const RowPart& part) {
    const float count = static_cast<float>(c);
    float sum = 0;
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      for (const T e : simt::load<N>(x + i).v) sum += widen(e);
    }
    const float rough = team_reduce(sum, team, Add()) / count;
    // Differences from the rough mean are small, so their sums put right what rounding left in it and give the variance
    // without cancellation (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983, eq. 1.7).
    float rest = 0;
    float squares = 0;
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      for (const T e : simt::load<N>(x + i).v) {
        const float d = widen(e) - rough;
        rest += d;
        squares += d * d;
      }
    }
    rest = team_reduce(rest, team, Add()) / count;
    squares = team_reduce(squares, team, Add()) / count;
    const float m = rough + rest;
    const float v = squares - rest * rest;
    const float rstd = rstd_of(v, eps);
    if (part.first) {
      mean[part.row] = m;
      var[part.row] = v;
    }
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      auto out = simt::load<N>(x + i);
      const std::int64_t k = i - part.row * c;
      for (int e = 0; e < N; ++e) {
        out.v[e] = simt::narrow<T>((widen(out.v[e]) - m) * rstd * widen(weight[k + e]) + widen(bias[k + e]));
      }
      simt::store(out, y + i);
    }
  });
}

// dx = rstd * (g - mean(g) - z * mean(g z)) with g = dy * weight, z = (x - mean) * rstd; without the means where the statistics
// are fixed.
template <class T, int N>
CF_KERNEL void norm_rows_grad_kernel(std::int64_t rows, std::int64_t c, int team, bool fixed, float eps, const T* x,
                                     const T* weight, const float* mean, const float* var, const T* dy, T* dx) {
  using simt::widen;
  for_each_row(rows, c, team, N, [&](const RowPart& part) {
    const bool real = part.row < rows;
    const float m = real ? mean[part.row] : 0;
    const float rstd = real ? rstd_of(var[part.row], eps) : 0;
    float mean_g = 0;
    float mean_gz = 0;
    if (!fixed) {
      for (std::int64_t i = part.begin; i < part.end; i += part.step) {
        const auto in = simt::load<N>(x + i);
        const auto d = simt::load<N>(dy + i);
        const std::int64_t k = i - part.row * c;
        for (int e = 0; e < N; ++e) {
          const float g = widen(d.v[e]) * widen(weight[k + e]);
          mean_g += g;
          mean_gz += g * (widen(in.v[e]) - m) * rstd;
        }
      }
      mean_g = team_reduce(mean_g, team, Add()) / static_cast<float>(c);
      mean_gz = team_reduce(mean_gz, team, Add()) / static_cast<float>(c);
    }
    for (std::int64_t i = part.begin; i < part.end; i += part.step) {
      const auto in = simt::load<N>(x + i);
      auto d = simt::load<N>(dy + i);
      const std::int64_t k = i - part.row * c;
      for (int e = 0; e < N; ++e) {
        const float z = (widen(in.v[e]) - m) * rstd;
        d.v[e] = simt::narrow<T>(rstd * (widen(d.v[e]) * widen(weight[k + e]) - mean_g - z * mean_gz));
      }
      simt::store(d, dx + i);
    }
  });
}

}  // namespace cf::cuda
