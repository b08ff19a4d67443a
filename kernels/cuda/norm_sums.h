// The sums of normalisation by groups: moments of x and the sums of its gradients, first per channel and segment of pixels
// (Tasks of columns.h), then over the channels of a group.
#pragma once

#include "kernels/cuda/columns.h"
#include "kernels/cuda/norm_rows.h"

namespace cf::cuda {

template <class T>
struct Pair {
  T a;
  T b;
};

// Where the statistics of a sample's channel stand.
struct GroupOf {
  std::int64_t groups = 1;
  std::int64_t width = 1;  // channels of a group

  CF_HOST_DEVICE std::int64_t of(std::int64_t sample, std::int64_t channel) const { return sample * groups + channel / width; }
};

// What both tasks below share: two sums per column, kept in `to` (samples * segments, channels).
struct TwoSums {
  using Op = Add;
  using Value = float;
  using Total = double;
  static constexpr int kSums = 2;

  template <class T>
  CF_DEVICE static T first() {
    return T(0);
  }
  CF_DEVICE static std::int64_t place(const Columns& plan, const ColumnPart& part, std::int64_t column) {
    return (part.outer * plan.segments + part.segment) * plan.columns + column;
  }
};

// Mean and sum of squared deviations of each segment of a channel. Sums run over differences from the segment's first element,
// which lies near the mean where the mean is far from zero, so that nothing cancels (the shifted algorithm of Chan, Golub,
// LeVeque, "Algorithms for computing the sample variance", 1983).
template <class T>
struct Moments : TwoSums {
  const T* x;
  Pair<double>* to;

  Moments(const T* values, Pair<double>* moments) : x(values), to(moments) {}
  template <int N>
  struct Lane {
    const T* x;
    float shift[N];
    CF_DEVICE Lane(const Moments& task, const Columns& plan, const ColumnPart& part) : x(task.x) {
      const auto v = simt::load<N>(x + plan.at(part.outer, part.begin, part.column));
      for (int e = 0; e < N; ++e) shift[e] = simt::widen(v.v[e]);
    }
    CF_DEVICE void add(std::int64_t offset, std::int64_t, float (&chain)[2][N]) const {
      const auto v = simt::load<N>(x + offset);
      for (int e = 0; e < N; ++e) {
        const float d = simt::widen(v.v[e]) - shift[e];
        chain[0][e] += d;
        chain[1][e] += d * d;
      }
    }
  };
  CF_DEVICE void finish(const Columns& plan, const ColumnPart& part, std::int64_t column, const double (&sums)[2]) const {
    const double shift = static_cast<double>(simt::widen(x[plan.at(part.outer, part.begin, column)]));
    const double mean = sums[0] / static_cast<double>(plan.rows_of(part.segment));
    to[place(plan, part, column)] = {shift + mean, sums[1] - sums[0] * mean};
  }
};

// Sums of dy and of dy * z, z = (x - mean) * rstd. by_row: mean and var are those of single rows, not of groups.
template <class T, bool by_row>
struct GradSums : TwoSums {
  const T* x;
  const T* dy;
  const float* mean;
  const float* var;
  GroupOf group;
  float eps;
  Pair<double>* to;

  GradSums(const T* values, const T* gradient, const float* means, const float* variances, GroupOf groups, float epsilon,
           Pair<double>* sums)
      : x(values), dy(gradient), mean(means), var(variances), group(groups), eps(epsilon), to(sums) {}
  template <int N>
  struct Lane {
    const GradSums& task;
    float m[N];
    float rstd[N];
    CF_DEVICE Lane(const GradSums& t, const Columns&, const ColumnPart& part) : task(t) {
      for (int e = 0; e < N && !by_row; ++e) set(e, task.group.of(part.outer, part.column + e));
    }
    CF_DEVICE void set(int e, std::int64_t at) {
      m[e] = task.mean[at];
      rstd[e] = rstd_of(task.var[at], task.eps);
    }
    CF_DEVICE void add(std::int64_t offset, std::int64_t row, float (&chain)[2][N]) {
      const auto in = simt::load<N>(task.x + offset);
      const auto d = simt::load<N>(task.dy + offset);
      if constexpr (by_row) set(0, row);
      for (int e = 0; e < N; ++e) {
        const int stats = by_row ? 0 : e;
        const float g = simt::widen(d.v[e]);
        chain[0][e] += g;
        chain[1][e] += g * (simt::widen(in.v[e]) - m[stats]) * rstd[stats];
      }
    }
  };
  CF_DEVICE void finish(const Columns& plan, const ColumnPart& part, std::int64_t column, const double (&sums)[2]) const {
    to[place(plan, part, column)] = {sums[0], sums[1]};
  }
};

// The sums of GradSums of all segments, as the gradients of bias and weight; either may be null.
template <class T>
struct ParameterGrads : TwoSums {
  using Value = double;
  const Pair<double>* sums;
  T* dbias;
  T* dweight;

  ParameterGrads(const Pair<double>* from, T* bias, T* weight) : sums(from), dbias(bias), dweight(weight) {}
  template <int N>
  struct Lane {
    const Pair<double>* sums;
    CF_DEVICE Lane(const ParameterGrads& task, const Columns&, const ColumnPart&) : sums(task.sums) {}
    CF_DEVICE void add(std::int64_t offset, std::int64_t, double (&chain)[2][N]) const {
      for (int e = 0; e < N; ++e) {
        chain[0][e] += sums[offset + e].a;
        chain[1][e] += sums[offset + e].b;
      }
    }
  };
  CF_DEVICE void finish(const Columns&, const ColumnPart&, std::int64_t column, const double (&all)[2]) const {
    if (dbias != nullptr) dbias[column] = simt::narrow<T>(static_cast<float>(all[0]));
    if (dweight != nullptr) dweight[column] = simt::narrow<T>(static_cast<float>(all[1]));
  }
};

// Calls fn(entry, segment, channel) for this lane's share of what the segments and channels of group `at` left behind.
template <class F>
CF_DEVICE void for_each_in_group(const Columns& plan, const GroupOf& group, std::int64_t at, F&& fn) {
  const std::int64_t sample = at / group.groups;
  const std::int64_t first = at % group.groups * group.width;
  for (std::int64_t j = simt::lane(); j < plan.segments * group.width; j += simt::kWarp) {
    const std::int64_t segment = j / group.width;
    const std::int64_t channel = first + j % group.width;
    fn((sample * plan.segments + segment) * plan.columns + channel, segment, channel);
  }
}

// Mean and biased variance of each group, a warp per group: squared deviations of parts add up with those of their means.
CF_KERNEL inline void merge_moments_kernel(std::int64_t count, Columns plan, GroupOf group, const Pair<double>* moments,
                                           float* mean, float* var) {
  const double size = static_cast<double>(plan.rows * group.width);
  for (std::int64_t g = simt::global_thread() / simt::kWarp; g < count; g += simt::global_threads() / simt::kWarp) {
    double sum = 0;
    for_each_in_group(plan, group, g, [&](std::int64_t i, std::int64_t segment, std::int64_t) {
      sum += moments[i].a * static_cast<double>(plan.rows_of(segment));
    });
    const double m = simt::warp_sum(sum) / size;
    double squares = 0;
    for_each_in_group(plan, group, g, [&](std::int64_t i, std::int64_t segment, std::int64_t) {
      const double d = moments[i].a - m;
      squares += moments[i].b + d * d * static_cast<double>(plan.rows_of(segment));
    });
    squares = simt::warp_sum(squares);
    if (simt::lane() == 0) {
      mean[g] = static_cast<float>(m);
      var[g] = static_cast<float>(squares / size);
    }
  }
}

// The means of g = dy * weight and of g * z over each group, a warp per group.
template <class T>
CF_KERNEL void grad_shares_kernel(std::int64_t count, Columns plan, GroupOf group, const T* weight, const Pair<double>* sums,
                                  Pair<float>* shares) {
  const double size = static_cast<double>(plan.rows * group.width);
  for (std::int64_t g = simt::global_thread() / simt::kWarp; g < count; g += simt::global_threads() / simt::kWarp) {
    double mean_g = 0;
    double mean_gz = 0;
    for_each_in_group(plan, group, g, [&](std::int64_t i, std::int64_t, std::int64_t channel) {
      const double w = static_cast<double>(simt::widen(weight[channel]));
      mean_g += w * sums[i].a;
      mean_gz += w * sums[i].b;
    });
    mean_g = simt::warp_sum(mean_g) / size;
    mean_gz = simt::warp_sum(mean_gz) / size;
    if (simt::lane() == 0) shares[g] = {static_cast<float>(mean_g), static_cast<float>(mean_gz)};
  }
}

}  // namespace cf::cuda
