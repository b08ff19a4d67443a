// Reductions by Highway. Every pattern is taken apart into stages that reduce one run of dimensions: (outer, reduce, inner) ->
// (outer, inner). Work is cut into blocks of a fixed size whose results are combined in order, so that the thread count decides
// nothing about the result; sums are in double throughout a stage.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/reduce.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

#include "framework/core/parallel.h"
#include "kernels/cpu/collapse.h"
#include "kernels/cpu/simd-inl.h"
#include "kernels/table.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

using F64 = hn::ScalableTag<double>;
using HalfF32 = hn::Rebind<float, F64>;  // as many floats as F64 has doubles

constexpr std::size_t kStrip = 4;

double sum_run(const float* x, std::size_t n) {
  const F64 d;
  const HalfF32 half;
  const std::size_t lanes = hn::Lanes(d);
  auto even = hn::Zero(d);
  auto odd = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    even = hn::Add(even, hn::PromoteTo(d, hn::LoadU(half, x + i)));
    odd = hn::Add(odd, hn::PromoteTo(d, hn::LoadU(half, x + i + lanes)));
  }
  double total = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; i < n; ++i) total += static_cast<double>(x[i]);
  return total;
}

float max_run(const float* x, std::size_t n) { return largest(F32(), x, n); }

// Runs over the columns in strips of kStrip vectors, so that whole cache lines are read row after row: calls fn(c, count) with
// the first column and the number of vectors (kStrip or 1, a constant in the callee); returns the first column left over.
template <class F>
HWY_INLINE std::size_t for_strips(std::size_t cols, std::size_t lanes, F fn) {
  std::size_t c = 0;
  for (; c + kStrip * lanes <= cols; c += kStrip * lanes) fn(c, std::integral_constant<std::size_t, kStrip>());
  for (; c + lanes <= cols; c += lanes) fn(c, std::integral_constant<std::size_t, 1>());
  return c;
}

// sums[c] = sum over r of x[r * stride + c]
void sum_columns(const float* x, std::size_t rows, std::size_t cols, std::size_t stride, double* sums) {
  const F64 d;
  const HalfF32 half;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t c = for_strips(cols, lanes, [&](std::size_t first, auto count) HWY_ATTR {
    hn::Vec<F64> sum[count()];
    for (auto& s : sum) s = hn::Zero(d);
    for (std::size_t r = 0; r < rows; ++r) {
      const float* row = x + r * stride + first;
      for (std::size_t i = 0; i < count(); ++i) sum[i] = hn::Add(sum[i], hn::PromoteTo(d, hn::LoadU(half, row + i * lanes)));
    }
    for (std::size_t i = 0; i < count(); ++i) hn::StoreU(sum[i], d, sums + first + i * lanes);
  });
  for (; c < cols; ++c) {
    double sum = 0;
    for (std::size_t r = 0; r < rows; ++r) sum += static_cast<double>(x[r * stride + c]);
    sums[c] = sum;
  }
}

// peaks[c] = the largest x[r * stride + c]
void max_columns(const float* x, std::size_t rows, std::size_t cols, std::size_t stride, float* peaks) {
  const F32 d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t c = for_strips(cols, lanes, [&](std::size_t first, auto count) HWY_ATTR {
    Vec peak[count()];
    for (std::size_t i = 0; i < count(); ++i) peak[i] = hn::LoadU(d, x + first + i * lanes);
    for (std::size_t r = 1; r < rows; ++r) {
      const float* row = x + r * stride + first;
      for (std::size_t i = 0; i < count(); ++i) peak[i] = max_or_nan(peak[i], hn::LoadU(d, row + i * lanes));
    }
    for (std::size_t i = 0; i < count(); ++i) hn::StoreU(peak[i], d, peaks + first + i * lanes);
  });
  if (c == cols) return;
  Vec peak = load_n(d, x + c, cols - c);
  for (std::size_t r = 1; r < rows; ++r) peak = max_or_nan(peak, load_n(d, x + r * stride + c, cols - c));
  store_n(d, peak, peaks + c, cols - c);
}

// dx = share[0 or r] where x reaches peak[0 or r], 0 elsewhere; a run of n elements against one peak, or against n.
void share_run(const float* x, const float* peak, const float* share, bool one_peak, float* dx, std::size_t n) {
  const F32 d;
  const Vec first_peak = hn::Set(d, *peak);
  const Vec first_share = hn::Set(d, *share);
  for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR {
    const Vec v = load_n(d, x + i, k);
    const Vec p = one_peak ? first_peak : load_n(d, peak + i, k);
    const Vec s = one_peak ? first_share : load_n(d, share + i, k);
    const auto reaches = hn::Or(hn::Eq(v, p), hn::And(hn::IsNaN(v), hn::IsNaN(p)));
    store_n(d, hn::IfThenElseZero(reaches, s), dx + i, k);
  });
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(sum_run);
HWY_EXPORT(max_run);
HWY_EXPORT(sum_columns);
HWY_EXPORT(max_columns);
HWY_EXPORT(share_run);

constexpr std::int64_t kBlock = 32768;  // elements of one block

// What a stage does with the values it reduces.
struct Sum {
  using Partial = double;
  static double combine(double a, double b) { return a + b; }
  static double run(const float* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(sum_run)(x, n); }
  static void columns(const float* x, std::size_t rows, std::size_t cols, std::size_t stride, double* out) {
    HWY_DYNAMIC_DISPATCH(sum_columns)(x, rows, cols, stride, out);
  }
};
struct Max {
  using Partial = float;
  static float combine(float a, float b) { return b > a || std::isnan(b) ? b : a; }
  static float run(const float* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(max_run)(x, n); }
  static void columns(const float* x, std::size_t rows, std::size_t cols, std::size_t stride, float* out) {
    HWY_DYNAMIC_DISPATCH(max_columns)(x, rows, cols, stride, out);
  }
};

struct Stage {
  std::int64_t outer, reduce, inner;
};

// Few enough columns that a block holds several rows: blocks of rows.
template <class Op>
void reduce_narrow(const Stage& s, const float* x, float* y) {
  const std::int64_t rows = std::clamp<std::int64_t>(kBlock / s.inner, 1, s.reduce);
  const std::int64_t blocks = (s.reduce + rows - 1) / rows;
  std::vector<typename Op::Partial> partial(static_cast<std::size_t>(s.outer * blocks * s.inner));
  parallel_for(s.outer * blocks, 1 + kBlock / (2 * rows * s.inner), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i % blocks * rows;
      const float* from = x + (i / blocks * s.reduce + first) * s.inner;
      const auto count = static_cast<std::size_t>(std::min(rows, s.reduce - first));
      auto* to = partial.data() + i * s.inner;
      if (s.inner == 1) {
        *to = Op::run(from, count);
      } else {
        Op::columns(from, count, static_cast<std::size_t>(s.inner), static_cast<std::size_t>(s.inner), to);
      }
    }
  });
  for (std::int64_t o = 0; o < s.outer; ++o) {
    for (std::int64_t c = 0; c < s.inner; ++c) {
      const auto* from = partial.data() + o * blocks * s.inner + c;
      auto total = *from;
      for (std::int64_t b = 1; b < blocks; ++b) total = Op::combine(total, from[b * s.inner]);
      y[o * s.inner + c] = static_cast<float>(total);
    }
  }
}

// Blocks of columns, each reduced over all rows.
template <class Op>
void reduce_wide(const Stage& s, const float* x, float* y) {
  constexpr std::int64_t kCols = 1024;
  const std::int64_t blocks = (s.inner + kCols - 1) / kCols;
  parallel_for(s.outer * blocks, 1 + kBlock / (kCols * s.reduce), [&](std::int64_t begin, std::int64_t end) {
    std::vector<typename Op::Partial> totals(kCols);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t o = i / blocks;
      const std::int64_t first = i % blocks * kCols;
      const std::int64_t count = std::min(kCols, s.inner - first);
      Op::columns(x + o * s.reduce * s.inner + first, static_cast<std::size_t>(s.reduce), static_cast<std::size_t>(count),
                  static_cast<std::size_t>(s.inner), totals.data());
      float* to = y + o * s.inner + first;
      for (std::int64_t c = 0; c < count; ++c) to[c] = static_cast<float>(totals[static_cast<std::size_t>(c)]);
    }
  });
}

template <class Op>
void run_stage(const Stage& s, const float* x, float* y) {
  if (s.inner < 4096) {
    reduce_narrow<Op>(s, x, y);
  } else {
    reduce_wide<Op>(s, x, y);
  }
}

// The innermost reduced run of x's collapsed dimensions (b: y's strides), or rank where none is left.
std::size_t innermost_reduced(const Collapsed& c) {
  for (auto i = static_cast<std::size_t>(c.rank); i-- > 0;) {
    if (c.b[i] == 0 && c.extent[i] != 1) return i;
  }
  return static_cast<std::size_t>(c.rank);
}

Stage stage_at(const Collapsed& c, std::size_t at) {
  Stage s{1, c.extent[at], 1};
  for (std::size_t i = 0; i < at; ++i) s.outer *= c.extent[i];
  for (std::size_t i = at + 1; i < static_cast<std::size_t>(c.rank); ++i) s.inner *= c.extent[i];
  return s;
}

template <class Op>
void reduce_to(ConstView x, View y) {
  Collapsed c = collapse(x.shape, x.shape, y.shape);
  const auto* from = x.as<float>();
  const auto last = static_cast<std::size_t>(c.rank);
  std::size_t at = innermost_reduced(c);
  if (at == last) {
    std::memcpy(y.data, x.data, static_cast<std::size_t>(x.numel()) * sizeof(float));
    return;
  }
  std::vector<float> between;
  while (at != last) {
    const Stage s = stage_at(c, at);
    c.extent[at] = 1;
    at = innermost_reduced(c);
    std::vector<float> next(at == last ? 0 : static_cast<std::size_t>(s.outer * s.inner));
    run_stage<Op>(s, from, at == last ? y.as<float>() : next.data());
    between = std::move(next);
    from = between.data();
  }
}

void sum_to(ConstView x, View y) {
  if (x.dtype != DType::f32 || x.numel() == 0) return kernel_table(Backend::reference).reduce.sum_to(x, y);
  reduce_to<Sum>(x, y);
}

void max_to(ConstView x, View y) {
  if (x.dtype != DType::f32 || x.numel() == 0) return kernel_table(Backend::reference).reduce.max_to(x, y);
  reduce_to<Max>(x, y);
}

// One outer index: shares of the gradient by counting ties, then the writing pass.
void share_rows(const Stage& s, const float* x, const float* y, const float* dy, float* dx) {
  const auto inner = static_cast<std::size_t>(s.inner);
  std::vector<float> share(inner);
  for (std::int64_t r = 0; r < s.reduce; ++r) {
    const float* row = x + r * s.inner;
    for (std::size_t c = 0; c < inner; ++c) {
      const bool reaches = row[c] == y[c] || (std::isnan(row[c]) && std::isnan(y[c]));
      share[c] += reaches ? 1.0F : 0.0F;
    }
  }
  for (std::size_t c = 0; c < inner; ++c) share[c] = dy[c] / share[c];
  const auto run = HWY_DYNAMIC_DISPATCH(share_run);
  if (s.inner == 1) {
    run(x, y, share.data(), true, dx, static_cast<std::size_t>(s.reduce));
  } else {
    for (std::int64_t r = 0; r < s.reduce; ++r) run(x + r * s.inner, y, share.data(), false, dx + r * s.inner, inner);
  }
}

void max_to_grad(ConstView x, ConstView y, ConstView dy, View dx) {
  Collapsed c = collapse(x.shape, x.shape, y.shape);
  const std::size_t at = innermost_reduced(c);
  const Stage s = at < static_cast<std::size_t>(c.rank) ? stage_at(c, at) : Stage{x.numel(), 1, 1};
  // Ties over several separate runs of dimensions are rare enough to leave to the reference; so is a count beyond f32.
  if (x.dtype != DType::f32 || s.outer * s.inner != y.numel() || s.reduce > (1 << 24)) {
    return kernel_table(Backend::reference).reduce.max_to_grad(x, y, dy, dx);
  }
  const auto* in = x.as<float>();
  const auto* peak = y.as<float>();
  const auto* g = dy.as<float>();
  auto* d = dx.as<float>();
  parallel_for(s.outer, 1 + kBlock / (2 * s.reduce * s.inner), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) {
      const std::int64_t large = o * s.reduce * s.inner;
      share_rows(s, in + large, peak + o * s.inner, g + o * s.inner, d + large);
    }
  });
}

// The product of x, broadcast, and one scalar.
void expand(ConstView x, double scale, View y) {
  if (x.dtype != DType::f32) return kernel_table(Backend::reference).reduce.expand(x, scale, y);
  const auto factor = static_cast<float>(scale);
  kernel_table(Backend::cpu).elementwise.binary(Binary::mul, x, ConstView(&factor, {1}, DType::f32, x.device), y);
}

}  // namespace

void fill(ReduceKernels& k) {
  k.sum_to = sum_to;
  k.max_to = max_to;
  k.max_to_grad = max_to_grad;
  k.expand = expand;
}

}  // namespace cf::cpu
#endif
