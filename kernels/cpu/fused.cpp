// Fused gates by Highway: one pass over memory forward, one backward.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/fused.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include <cmath>

#include "framework/core/parallel.h"
#include "kernels/cpu/simd-inl.h"
#include "kernels/table.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

void blend_range(const float* g, const float* a, const float* b, float* y, std::size_t n) {
  const F32 d;
  for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR {
    const Vec s = vector_sigmoid(d, load_n(d, g + i, k));
    const Vec vb = load_n(d, b + i, k);
    store_n(d, hn::MulAdd(s, load_n(d, a + i, k), hn::NegMulAdd(s, vb, vb)), y + i, k);
  });
}

// Null for a gradient that is not wanted.
void blend_grad_range(const float* g, const float* a, const float* b, const float* dy, float* dg, float* da, float* db,
                      std::size_t n) {
  const F32 d;
  for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR {
    const Vec s = vector_sigmoid(d, load_n(d, g + i, k));
    const Vec grad = load_n(d, dy + i, k);
    const Vec to_a = hn::Mul(grad, s);
    if (dg != nullptr) {
      const Vec difference = hn::Sub(load_n(d, a + i, k), load_n(d, b + i, k));
      store_n(d, hn::Mul(hn::Mul(to_a, hn::Sub(hn::Set(d, 1.0F), s)), difference), dg + i, k);
    }
    if (da != nullptr) store_n(d, to_a, da + i, k);
    if (db != nullptr) store_n(d, hn::Sub(grad, to_a), db + i, k);
  });
}

void max_mean_rows(const float* x, float* y, std::size_t rows, std::size_t c) {
  const F32 d;
  for (std::size_t r = 0; r < rows; ++r, x += c, y += 2) {
    Vec sum = hn::Zero(d);
    for_vectors(d, c, [&](std::size_t i, std::size_t k) HWY_ATTR { sum = hn::Add(sum, load_n(d, x + i, k)); });
    y[0] = largest(d, x, c);
    y[1] = hn::GetLane(hn::SumOfLanes(d, sum)) / static_cast<float>(c);
  }
}

void max_mean_grad_rows(const float* x, const float* dy, float* dx, std::size_t rows, std::size_t c) {
  const F32 d;
  for (std::size_t r = 0; r < rows; ++r, x += c, dy += 2, dx += c) {
    const float peak = largest(d, x, c);
    const bool any_nan = std::isnan(peak);
    const Vec peaks = hn::Set(d, peak);
    const auto reaches = [&](std::size_t i, std::size_t k) HWY_ATTR {
      const Vec v = load_n(d, x + i, k);
      return any_nan ? hn::IsNaN(v) : hn::Eq(v, peaks);
    };
    std::size_t ties = 0;
    for_vectors(
        d, c, [&](std::size_t i, std::size_t k) HWY_ATTR { ties += hn::CountTrue(d, hn::And(reaches(i, k), hn::FirstN(d, k))); });
    const Vec mean_share = hn::Set(d, dy[1] / static_cast<float>(c));
    const Vec with_max = hn::Add(mean_share, hn::Set(d, dy[0] / static_cast<float>(ties)));
    for_vectors(d, c, [&](std::size_t i, std::size_t k) HWY_ATTR {
      store_n(d, hn::IfThenElse(reaches(i, k), with_max, mean_share), dx + i, k);
    });
  }
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(blend_range);
HWY_EXPORT(blend_grad_range);
HWY_EXPORT(max_mean_rows);
HWY_EXPORT(max_mean_grad_rows);

constexpr std::int64_t kGrain = 16384;  // elements worth a thread

const FusedKernels& reference_kernels() { return kernel_table(Backend::reference).fused; }

void gated_blend(ConstView g, ConstView a, ConstView b, View y) {
  if (g.dtype != DType::f32) return reference_kernels().gated_blend(g, a, b, y);
  const auto* pg = g.as<float>();
  const auto* pa = a.as<float>();
  const auto* pb = b.as<float>();
  auto* out = y.as<float>();
  const auto range = HWY_DYNAMIC_DISPATCH(blend_range);
  parallel_for(g.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    range(pg + begin, pa + begin, pb + begin, out + begin, static_cast<std::size_t>(end - begin));
  });
}

void gated_blend_grad(ConstView g, ConstView a, ConstView b, ConstView dy, View dg, View da, View db) {
  if (g.dtype != DType::f32) return reference_kernels().gated_blend_grad(g, a, b, dy, dg, da, db);
  const auto* pg = g.as<float>();
  const auto* pa = a.as<float>();
  const auto* pb = b.as<float>();
  const auto* d = dy.as<float>();
  const auto range = HWY_DYNAMIC_DISPATCH(blend_grad_range);
  parallel_for(g.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    const auto wanted = [begin](const View& v) { return v ? v.as<float>() + begin : nullptr; };
    range(pg + begin, pa + begin, pb + begin, d + begin, wanted(dg), wanted(da), wanted(db),
          static_cast<std::size_t>(end - begin));
  });
}

void channel_max_mean(ConstView x, View y) {
  if (x.dtype != DType::f32) return reference_kernels().channel_max_mean(x, y);
  const std::int64_t c = x.shape[-1];
  const auto* in = x.as<float>();
  auto* out = y.as<float>();
  const auto rows = HWY_DYNAMIC_DISPATCH(max_mean_rows);
  parallel_for(x.numel() / c, 1 + kGrain / c, [&](std::int64_t begin, std::int64_t end) {
    rows(in + begin * c, out + begin * 2, static_cast<std::size_t>(end - begin), static_cast<std::size_t>(c));
  });
}

void channel_max_mean_grad(ConstView x, ConstView dy, View dx) {
  if (x.dtype != DType::f32) return reference_kernels().channel_max_mean_grad(x, dy, dx);
  const std::int64_t c = x.shape[-1];
  const auto* in = x.as<float>();
  const auto* g = dy.as<float>();
  auto* d = dx.as<float>();
  const auto rows = HWY_DYNAMIC_DISPATCH(max_mean_grad_rows);
  parallel_for(x.numel() / c, 1 + kGrain / c, [&](std::int64_t begin, std::int64_t end) {
    rows(in + begin * c, g + begin * 2, d + begin * c, static_cast<std::size_t>(end - begin), static_cast<std::size_t>(c));
  });
}

}  // namespace

void fill(FusedKernels& k) {
  k.gated_blend = gated_blend;
  k.gated_blend_grad = gated_blend_grad;
  k.channel_max_mean = channel_max_mean;
  k.channel_max_mean_grad = channel_max_mean_grad;
}

}  // namespace cf::cpu
#endif
