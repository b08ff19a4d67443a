// Normalisation on the GPU. Layer normalisation takes a team of lanes per row; group and batch normalisation sum down columns
// (kernels/cuda/columns.h), bring the columns of a group together and walk over the image once more.
#include "kernels/norm.h"

#include <cmath>

#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/norm_rows.h"
#include "kernels/cuda/norm_sums.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda {
namespace {

using simt::narrow;
using simt::widen;

// Whether the statistics are those of single rows.
bool by_rows(const NormParams& p) { return p.pixels == 1 && p.groups == 1; }

template <class T, int N>
CF_KERNEL void norm_apply_kernel(Columns plan, GroupOf group, float eps, const T* x, const T* weight, const T* bias,
                                 const float* mean, const float* var, T* y) {
  const ColumnPart part = plan.part();
  if (part.column >= plan.columns) return;
  float m[N];
  float scale[N];
  float b[N];
  for (int e = 0; e < N; ++e) {
    const std::int64_t g = group.of(part.outer, part.column + e);
    m[e] = mean[g];
    scale[e] = rstd_of(var[g], eps) * widen(weight[part.column + e]);
    b[e] = widen(bias[part.column + e]);
  }
  for (std::int64_t row = part.row; row < part.end; row += part.step) {
    const std::int64_t i = plan.at(part.outer, row, part.column);
    auto v = simt::load<N>(x + i);
    for (int e = 0; e < N; ++e) v.v[e] = narrow<T>((widen(v.v[e]) - m[e]) * scale[e] + b[e]);
    simt::store(v, y + i);
  }
}

// dx = rstd * (g - mean(g) - z * mean(g z)) with g = dy * weight and z = (x - mean) * rstd. `shares`: mean(g) and mean(g z) per
// group; null where the statistics are fixed.
template <class T, int N>
CF_KERNEL void norm_grad_kernel(Columns plan, GroupOf group, float eps, const T* x, const T* weight, const float* mean,
                                const float* var, const Pair<float>* shares, const T* dy, T* dx) {
  const ColumnPart part = plan.part();
  if (part.column >= plan.columns) return;
  float m[N];
  float rstd[N];
  float w[N];
  Pair<float> share[N];
  for (int e = 0; e < N; ++e) {
    const std::int64_t g = group.of(part.outer, part.column + e);
    m[e] = mean[g];
    rstd[e] = rstd_of(var[g], eps);
    w[e] = widen(weight[part.column + e]);
    share[e] = shares == nullptr ? Pair<float>{0, 0} : shares[g];
  }
  for (std::int64_t row = part.row; row < part.end; row += part.step) {
    const std::int64_t i = plan.at(part.outer, row, part.column);
    const auto in = simt::load<N>(x + i);
    auto v = simt::load<N>(dy + i);
    for (int e = 0; e < N; ++e) {
      const float z = (widen(in.v[e]) - m[e]) * rstd[e];
      v.v[e] = narrow<T>(rstd[e] * (widen(v.v[e]) * w[e] - share[e].a - z * share[e].b));
    }
    simt::store(v, dx + i);
  }
}

GroupOf groups_of(const NormParams& p) { return {p.groups, p.channels / p.groups}; }

template <class T, int N>
void column_stats(const NormParams& p, Device device, const T* x, float* mean, float* var) {
  const Columns plan = Columns::plan(p.samples, p.pixels, p.channels, N);
  const Workspace moments(device, static_cast<std::size_t>(plan.partials() * p.channels) * sizeof(Pair<double>));
  run_columns<N>("norm", plan, Moments<T>{x, moments.as<Pair<double>>()});
  const std::int64_t groups = p.samples * p.groups;
  launch("norm_stats", merge_moments_kernel, grid_for(groups * simt::kWarp), groups, plan, groups_of(p),
         moments.as<Pair<double>>(), mean, var);
}

template <class T, int N>
void apply_columns(const NormParams& p, ConstView x, ConstView weight, ConstView bias, const float* mean, const float* var,
                   View y) {
  const Columns plan = Columns::plan_walk(p.samples, p.pixels, p.channels, N);
  launch("norm_apply", norm_apply_kernel<T, N>, plan.grid(), plan, groups_of(p), static_cast<float>(p.eps), x.as<T>(),
         weight.as<T>(), bias.as<T>(), mean, var, y.as<T>());
}

void fwd(const NormParams& p, ConstView x, ConstView weight, ConstView bias, View mean, View var, View y) {
  dispatch_gpu(x.dtype, "norm", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, y.data}, p.channels, [&](auto width, std::int64_t pieces) {
      constexpr int kN = width();
      if (by_rows(p)) {
        const int team = team_for(pieces);
        launch("norm", norm_rows_kernel<T, kN>, grid_of_teams(p.samples, team), p.samples, p.channels, team,
               static_cast<float>(p.eps), x.as<T>(), weight.as<T>(), bias.as<T>(), mean.as<float>(), var.as<float>(), y.as<T>());
        return;
      }
      column_stats<T, kN>(p, y.device, x.as<T>(), mean.as<float>(), var.as<float>());
      apply_columns<T, kN>(p, x, weight, bias, mean.as<float>(), var.as<float>(), y);
    });
  });
}

void apply(const NormParams& p, ConstView x, ConstView weight, ConstView bias, ConstView mean, ConstView var, View y) {
  dispatch_gpu(x.dtype, "norm", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, y.data}, p.channels, [&](auto width, std::int64_t) {
      apply_columns<T, width()>(p, x, weight, bias, mean.as<float>(), var.as<float>(), y);
    });
  });
}

struct GradOperands {
  ConstView x, weight, mean, var, dy;
  View dx, dweight, dbias;
};

// Sums per channel of each segment become the gradients of weight and bias.
template <class T>
void weight_grads(const GradOperands& o, const Columns& plan, const Pair<double>* sums) {
  const auto wanted = [](View v) { return v ? v.as<T>() : nullptr; };
  if (!o.dweight && !o.dbias) return;
  run_columns<1>("norm_weight_grad", Columns::plan_whole(1, plan.partials(), plan.columns, 1),
                 ParameterGrads<T>{sums, wanted(o.dbias), wanted(o.dweight)});
}

template <class T, int N>
void grad_rows(const NormParams& p, bool fixed, Device device, const GradOperands& o) {
  const float eps = static_cast<float>(p.eps);
  if (o.dx) {
    const int team = team_for(p.channels / N);
    launch("norm_grad", norm_rows_grad_kernel<T, N>, grid_of_teams(p.samples, team), p.samples, p.channels, team, fixed, eps,
           o.x.as<T>(), o.weight.as<T>(), o.mean.as<float>(), o.var.as<float>(), o.dy.as<T>(), o.dx.as<T>());
  }
  if (!o.dweight && !o.dbias) return;
  const Columns plan = Columns::plan(1, p.samples, p.channels, N);
  const Workspace sums(device, static_cast<std::size_t>(plan.partials() * p.channels) * sizeof(Pair<double>));
  run_columns<N>(
      "norm_sums", plan,
      GradSums<T, true>{o.x.as<T>(), o.dy.as<T>(), o.mean.as<float>(), o.var.as<float>(), {}, eps, sums.as<Pair<double>>()});
  weight_grads<T>(o, plan, sums.as<Pair<double>>());
}

template <class T, int N>
void grad_columns(const NormParams& p, bool fixed, Device device, const GradOperands& o) {
  const float eps = static_cast<float>(p.eps);
  const Columns plan = Columns::plan(p.samples, p.pixels, p.channels, N);
  const GroupOf group = groups_of(p);
  const std::int64_t groups = p.samples * p.groups;
  const Workspace sums(device, static_cast<std::size_t>(plan.partials() * p.channels) * sizeof(Pair<double>));
  const Workspace shares(device, static_cast<std::size_t>(groups) * sizeof(Pair<float>));
  const bool own = o.dx && !fixed;
  if (own || o.dweight || o.dbias) {
    run_columns<N>("norm_sums", plan,
                   GradSums<T, false>{o.x.as<T>(), o.dy.as<T>(), o.mean.as<float>(), o.var.as<float>(), group, eps,
                                      sums.as<Pair<double>>()});
  }
  if (own) {
    launch("norm_shares", grad_shares_kernel<T>, grid_for(groups * simt::kWarp), groups, plan, group, o.weight.as<T>(),
           sums.as<Pair<double>>(), shares.as<Pair<float>>());
  }
  weight_grads<T>(o, plan, sums.as<Pair<double>>());
  if (o.dx) {
    const Columns walk = Columns::plan_walk(p.samples, p.pixels, p.channels, N);
    launch("norm_grad", norm_grad_kernel<T, N>, walk.grid(), walk, group, eps, o.x.as<T>(), o.weight.as<T>(), o.mean.as<float>(),
           o.var.as<float>(), own ? shares.as<Pair<float>>() : nullptr, o.dy.as<T>(), o.dx.as<T>());
  }
}

void grad(const NormParams& p, bool fixed, ConstView x, ConstView weight, ConstView mean, ConstView var, ConstView dy, View dx,
          View dweight, View dbias) {
  const GradOperands o = {x, weight, mean, var, dy, dx, dweight, dbias};
  dispatch_gpu(x.dtype, "norm", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, dy.data, dx.data}, p.channels, [&](auto width, std::int64_t) {
      if (by_rows(p)) {
        grad_rows<T, width()>(p, fixed, x.device, o);
      } else {
        grad_columns<T, width()>(p, fixed, x.device, o);
      }
    });
  });
}

}  // namespace

void fill(NormKernels& k) {
  k.fwd = fwd;
  k.apply = apply;
  k.grad = grad;
}

}  // namespace cf::cuda
