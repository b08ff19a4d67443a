// Two shapes of normalisation: by rows (layer norm: one mean per pixel) and by columns (group and batch norm: sums per
// channel over many pixels, combined into groups). Rows are worked on in pieces that do not depend on the number of threads.
#include "kernels/norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/core/parallel.h"
#include "kernels/cpu/norm_rows.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

using Sums = std::vector<double>;
using Floats = std::vector<float>;

constexpr std::int64_t kPiece = 1024;  // rows

const NormKernels& plain() { return kernel_table(Backend::reference).norm; }

bool by_rows(const NormParams& p) { return p.pixels == 1 && p.groups == 1; }

// --- pieces of rows ---

// `samples` runs of `pixels` rows each, cut into pieces of at most kPiece rows.
struct Pieces {
  std::int64_t samples, pixels;

  std::int64_t per_sample() const { return (pixels + kPiece - 1) / kPiece; }
  std::int64_t count() const { return samples * per_sample(); }
  // Calls fn(piece, sample, first row, rows) in parallel.
  template <class F>
  void run(F&& fn) const {
    parallel_for(count(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t sample = i / per_sample();
        const std::int64_t first = i % per_sample() * kPiece;
        fn(i, sample, sample * pixels + first, std::min(kPiece, pixels - first));
      }
    });
  }
  // `width` sums per sample: fn(sample, first row, rows, sums) adds those of one piece.
  template <class F>
  Sums sum(std::int64_t width, F&& fn) const {
    Sums partial(static_cast<std::size_t>(count() * width));
    run([&](std::int64_t piece, std::int64_t sample, std::int64_t row, std::int64_t rows) {
      fn(sample, row, rows, partial.data() + piece * width);
    });
    Sums sums(static_cast<std::size_t>(samples * width));
    for (std::int64_t i = 0; i < count() * width; ++i) {
      sums[static_cast<std::size_t>(i / width / per_sample() * width + i % width)] += partial[static_cast<std::size_t>(i)];
    }
    return sums;
  }
};

// --- channels and groups ---

// Calls fn(channel, group) with indices into (samples, channels) and (samples, groups).
template <class F>
void for_each_channel(const NormParams& p, F&& fn) {
  const std::int64_t width = p.channels / p.groups;
  for (std::int64_t i = 0; i < p.samples * p.channels; ++i) fn(static_cast<std::size_t>(i), static_cast<std::size_t>(i / width));
}

// Means over groups (samples, groups) of sums per channel (samples, channels).
Sums group_means(const NormParams& p, const Sums& sums) {
  Sums means(static_cast<std::size_t>(p.samples * p.groups));
  const double size = static_cast<double>(p.pixels * (p.channels / p.groups));
  for_each_channel(p, [&](std::size_t i, std::size_t group) { means[group] += sums[i] / size; });
  return means;
}

// A number per group repeated for its channels (samples, channels).
Floats spread(const NormParams& p, const float* per_group) {
  Floats out(static_cast<std::size_t>(p.samples * p.channels));
  for_each_channel(p, [&](std::size_t i, std::size_t group) { out[i] = per_group[group]; });
  return out;
}

double rstd(const NormParams& p, float var) { return 1 / std::sqrt(static_cast<double>(var) + p.eps); }

// --- by columns ---

void column_stats(const NormParams& p, const float* x, float* mean, float* var) {
  const Pieces pieces = {p.samples, p.pixels};
  const std::int64_t channels = p.channels;
  const auto to_floats = [](const Sums& from, float* to) {
    std::transform(from.begin(), from.end(), to, [](double v) { return static_cast<float>(v); });
  };
  const Sums sums = pieces.sum(channels, [&](std::int64_t, std::int64_t row, std::int64_t rows, double* out) {
    column_sums({.rows = rows, .channels = channels, .x = x + row * channels}, out);
  });
  to_floats(group_means(p, sums), mean);
  const Floats centre = spread(p, mean);
  const Sums squares = pieces.sum(channels, [&](std::int64_t sample, std::int64_t row, std::int64_t rows, double* out) {
    column_squares({.rows = rows, .channels = channels, .x = x + row * channels}, centre.data() + sample * channels, out);
  });
  to_floats(group_means(p, squares), var);
}

void apply(const NormParams& p, ConstView x, ConstView weight, ConstView bias, ConstView mean, ConstView var, View y) {
  if (x.dtype != DType::f32) return plain().apply(p, x, weight, bias, mean, var, y);
  const std::int64_t channels = p.channels;
  const Floats centre = spread(p, mean.as<float>());
  Floats scale(centre.size());
  for_each_channel(p, [&](std::size_t i, std::size_t group) {
    scale[i] = static_cast<float>(rstd(p, var.as<float>()[group])) * weight.as<float>()[i % static_cast<std::size_t>(channels)];
  });
  Pieces{p.samples, p.pixels}.run([&](std::int64_t, std::int64_t sample, std::int64_t row, std::int64_t rows) {
    column_apply({.rows = rows, .channels = channels, .x = x.as<float>() + row * channels, .y = y.as<float>() + row * channels},
                 centre.data() + sample * channels, scale.data() + sample * channels, bias.as<float>());
  });
}

void fwd(const NormParams& p, ConstView x, ConstView weight, ConstView bias, View mean, View var, View y) {
  if (x.dtype != DType::f32) return plain().fwd(p, x, weight, bias, mean, var, y);
  if (!by_rows(p)) {
    column_stats(p, x.as<float>(), mean.as<float>(), var.as<float>());
    return apply(p, x, weight, bias, mean, var, y);
  }
  const NormRowParams params = {static_cast<float>(p.eps), weight.as<float>()};
  Pieces{1, p.samples}.run([&](std::int64_t, std::int64_t, std::int64_t row, std::int64_t rows) {
    const std::int64_t at = row * p.channels;
    norm_rows({.rows = rows, .channels = p.channels, .x = x.as<float>() + at, .y = y.as<float>() + at}, params, bias.as<float>(),
              mean.as<float>() + row, var.as<float>() + row);
  });
}

// --- gradients ---

struct Gradients {
  View dx, dweight, dbias;

  float* dx_at(std::int64_t i) const { return dx ? dx.as<float>() + i : nullptr; }
  // From sums (2, channels) of dy z and dy, z the normalised x.
  void write_weights(const Sums& sums) const {
    const auto write = [](const View& to, const double* from) {
      if (!to) return;
      std::transform(from, from + to.numel(), to.as<float>(), [](double v) { return static_cast<float>(v); });
    };
    write(dweight, sums.data());
    write(dbias, sums.data() + sums.size() / 2);
  }
};

struct GradOperands {
  const float *x, *weight, *mean, *var, *dy;
};

void grad_by_rows(const NormParams& p, const GradOperands& o, const Gradients& out) {
  const NormRowParams params = {static_cast<float>(p.eps), o.weight};
  const Pieces pieces = {1, p.samples};
  out.write_weights(pieces.sum(2 * p.channels, [&](std::int64_t, std::int64_t row, std::int64_t rows, double* sums) {
    const std::int64_t at = row * p.channels;
    norm_rows_grad({.rows = rows, .channels = p.channels, .x = o.x + at, .dy = o.dy + at, .dx = out.dx_at(at)}, params,
                   o.mean + row, o.var + row, sums);
  }));
}

// With z = (x - mean) * rstd and g = dy * weight: dx = rstd * (g - mean(g) - z * mean(g z)), the means over the group; both
// are absent where the statistics are fixed. All of them come from sums of dy and dy z per channel, as do dweight and dbias.
void grad_by_columns(const NormParams& p, bool fixed, const GradOperands& o, const Gradients& out) {
  const Pieces pieces = {p.samples, p.pixels};
  const std::int64_t channels = p.channels;
  const auto columns = static_cast<std::size_t>(channels);
  const Floats centre = spread(p, o.mean);
  const Sums sums = pieces.sum(2 * channels, [&](std::int64_t sample, std::int64_t row, std::int64_t rows, double* part) {
    const std::int64_t at = row * channels;
    column_products({.rows = rows, .channels = channels, .x = o.x + at, .dy = o.dy + at}, centre.data() + sample * channels,
                    part);
  });
  Sums weight_sums(2 * columns);
  Sums g(centre.size());
  Sums gz(centre.size());
  for_each_channel(p, [&](std::size_t i, std::size_t group) {
    const std::size_t c = i % columns;
    const double dyz = sums[i / columns * 2 * columns + c] * rstd(p, o.var[group]);
    const double dy = sums[(i / columns * 2 + 1) * columns + c];
    weight_sums[c] += dyz;
    weight_sums[columns + c] += dy;
    g[i] = fixed ? 0 : dy * static_cast<double>(o.weight[c]);
    gz[i] = fixed ? 0 : dyz * static_cast<double>(o.weight[c]);
  });
  out.write_weights(weight_sums);
  if (!out.dx) return;
  const Sums mean_g = group_means(p, g);
  const Sums mean_gz = group_means(p, gz);
  Floats scale(centre.size());
  Floats shift(centre.size());
  Floats slope(centre.size());
  for_each_channel(p, [&](std::size_t i, std::size_t group) {
    const double r = rstd(p, o.var[group]);
    scale[i] = static_cast<float>(r * static_cast<double>(o.weight[i % columns]));
    shift[i] = static_cast<float>(r * mean_g[group]);
    slope[i] = static_cast<float>(r * r * mean_gz[group]);
  });
  pieces.run([&](std::int64_t, std::int64_t sample, std::int64_t row, std::int64_t rows) {
    const std::int64_t at = row * channels;
    const std::int64_t first = sample * channels;
    column_grad({.rows = rows, .channels = channels, .x = o.x + at, .dy = o.dy + at, .dx = out.dx_at(at)},
                {centre.data() + first, scale.data() + first, shift.data() + first, slope.data() + first});
  });
}

void grad(const NormParams& p, bool fixed, ConstView x, ConstView weight, ConstView mean, ConstView var, ConstView dy, View dx,
          View dweight, View dbias) {
  if (x.dtype != DType::f32) return plain().grad(p, fixed, x, weight, mean, var, dy, dx, dweight, dbias);
  const GradOperands o = {x.as<float>(), weight.as<float>(), mean.as<float>(), var.as<float>(), dy.as<float>()};
  if (by_rows(p) && !fixed) return grad_by_rows(p, o, {dx, dweight, dbias});
  grad_by_columns(p, fixed, o, {dx, dweight, dbias});
}

}  // namespace

void fill(NormKernels& k) {
  k.fwd = fwd;
  k.apply = apply;
  k.grad = grad;
}

}  // namespace cf::cpu
