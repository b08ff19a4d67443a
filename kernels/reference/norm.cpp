#include "kernels/norm.h"

#include <cmath>
#include <vector>

namespace cf::reference {
namespace {

// Calls fn(element, channel) for every element of one group of one sample.
template <class F>
void for_each_in_group(const NormParams& p, std::int64_t sample, std::int64_t group, F&& fn) {
  const std::int64_t width = p.channels / p.groups;
  for (std::int64_t pixel = 0; pixel < p.pixels; ++pixel) {
    for (std::int64_t c = group * width; c < (group + 1) * width; ++c) fn((sample * p.pixels + pixel) * p.channels + c, c);
  }
}

template <class F>
void for_each_group(const NormParams& p, F&& fn) {
  for (std::int64_t sample = 0; sample < p.samples; ++sample) {
    for (std::int64_t group = 0; group < p.groups; ++group) fn(sample, group, sample * p.groups + group);
  }
}

double group_size(const NormParams& p) { return static_cast<double>(p.pixels * (p.channels / p.groups)); }

void stats(const NormParams& p, ConstView x, View mean, View var) {
  dispatch_float(x.dtype, "norm", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    for_each_group(p, [&](std::int64_t sample, std::int64_t group, std::int64_t at) {
      double sum = 0;
      for_each_in_group(p, sample, group, [&](std::int64_t i, std::int64_t) { sum += static_cast<double>(in[i]); });
      const double m = sum / group_size(p);
      double squares = 0;
      for_each_in_group(p, sample, group, [&](std::int64_t i, std::int64_t) {
        squares += (static_cast<double>(in[i]) - m) * (static_cast<double>(in[i]) - m);
      });
      mean.as<T>()[at] = static_cast<T>(m);
      var.as<T>()[at] = static_cast<T>(squares / group_size(p));
    });
  });
}

void apply(const NormParams& p, ConstView x, ConstView weight, ConstView bias, ConstView mean, ConstView var, View y) {
  dispatch_float(x.dtype, "norm", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* out = y.as<T>();
    for_each_group(p, [&](std::int64_t sample, std::int64_t group, std::int64_t at) {
      const T m = mean.as<T>()[at];
      const T rstd = static_cast<T>(1 / std::sqrt(static_cast<double>(var.as<T>()[at]) + p.eps));
      for_each_in_group(p, sample, group, [&](std::int64_t i, std::int64_t c) {
        out[i] = (in[i] - m) * rstd * weight.as<T>()[c] + bias.as<T>()[c];
      });
    });
  });
}

void fwd(const NormParams& p, ConstView x, ConstView weight, ConstView bias, View mean, View var, View y) {
  stats(p, x, mean, var);
  apply(p, x, weight, bias, mean, var, y);
}

// With z = (x - mean) * rstd and g = dy * weight: dx = rstd * (g - mean(g) - z * mean(g z)), the means over the group; both
// are absent where the statistics are fixed.
template <class T>
void input_grad(const NormParams& p, bool fixed, const T* x, const T* mean, const T* var, const T* weight, const T* dy, T* dx) {
  for_each_group(p, [&](std::int64_t sample, std::int64_t group, std::int64_t at) {
    const double m = static_cast<double>(mean[at]);
    const double rstd = 1 / std::sqrt(static_cast<double>(var[at]) + p.eps);
    double mean_g = 0;
    double mean_gz = 0;
    if (!fixed) {
      for_each_in_group(p, sample, group, [&](std::int64_t i, std::int64_t c) {
        const double g = static_cast<double>(dy[i]) * static_cast<double>(weight[c]);
        mean_g += g / group_size(p);
        mean_gz += g * (static_cast<double>(x[i]) - m) * rstd / group_size(p);
      });
    }
    for_each_in_group(p, sample, group, [&](std::int64_t i, std::int64_t c) {
      const double g = static_cast<double>(dy[i]) * static_cast<double>(weight[c]);
      const double z = (static_cast<double>(x[i]) - m) * rstd;
      dx[i] = static_cast<T>(rstd * (g - mean_g - z * mean_gz));
    });
  });
}

template <class T>
void weight_grads(const NormParams& p, const T* x, const T* mean, const T* var, const T* dy, View dweight, View dbias) {
  std::vector<double> dw(static_cast<std::size_t>(p.channels));
  std::vector<double> db(static_cast<std::size_t>(p.channels));
  for_each_group(p, [&](std::int64_t sample, std::int64_t group, std::int64_t at) {
    const double m = static_cast<double>(mean[at]);
    const double rstd = 1 / std::sqrt(static_cast<double>(var[at]) + p.eps);
    for_each_in_group(p, sample, group, [&](std::int64_t i, std::int64_t c) {
      dw[static_cast<std::size_t>(c)] += static_cast<double>(dy[i]) * (static_cast<double>(x[i]) - m) * rstd;
      db[static_cast<std::size_t>(c)] += static_cast<double>(dy[i]);
    });
  });
  for (std::size_t c = 0; c < dw.size(); ++c) {
    if (dweight) dweight.as<T>()[c] = static_cast<T>(dw[c]);
    if (dbias) dbias.as<T>()[c] = static_cast<T>(db[c]);
  }
}

void grad(const NormParams& p, bool fixed, ConstView x, ConstView weight, ConstView mean, ConstView var, ConstView dy, View dx,
          View dweight, View dbias) {
  dispatch_float(x.dtype, "norm", [&](auto zero) {
    using T = decltype(zero);
    if (dx) input_grad(p, fixed, x.as<T>(), mean.as<T>(), var.as<T>(), weight.as<T>(), dy.as<T>(), dx.as<T>());
    if (dweight || dbias) weight_grads(p, x.as<T>(), mean.as<T>(), var.as<T>(), dy.as<T>(), dweight, dbias);
  });
}

}  // namespace

void fill(NormKernels& k) {
  k.fwd = fwd;
  k.apply = apply;
  k.grad = grad;
}

}  // namespace cf::reference
