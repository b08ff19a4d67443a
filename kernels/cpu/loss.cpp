// Losses by Highway: error, function and sum (or derivative) in one pass.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/loss.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <vector>

#include "framework/core/parallel.h"
#include "kernels/cpu/simd-inl.h"
#include "kernels/loss_functors.h"
#include "kernels/table.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {
namespace fn = cf::functors;

using F64 = hn::ScalableTag<double>;
using HalfF32 = hn::Rebind<float, F64>;  // as many floats as F64 has doubles

template <class D, class V>
HWY_INLINE V value(fn::L1, D, V e, V) {
  return hn::Abs(e);
}
template <class D, class V>
HWY_INLINE V value(fn::SquaredError, D, V e, V) {
  return hn::Mul(e, e);
}
template <class D, class V>
HWY_INLINE V value(fn::Charbonnier, D, V e, V eps) {
  return hn::Sqrt(hn::MulAdd(e, e, hn::Mul(eps, eps)));
}

HWY_INLINE Vec slope(fn::L1, F32 d, Vec e, Vec) {
  const Vec sign = hn::CopySign(hn::Set(d, 1.0F), e);
  return hn::IfThenElse(hn::Or(hn::Eq(e, hn::Zero(d)), hn::IsNaN(e)), e, sign);
}
HWY_INLINE Vec slope(fn::SquaredError, F32, Vec e, Vec) { return hn::Add(e, e); }
HWY_INLINE Vec slope(fn::Charbonnier tag, F32 d, Vec e, Vec eps) { return hn::Div(e, value(tag, d, e, eps)); }

double loss_sum(Loss kind, float eps, const float* x, const float* target, std::size_t n) {
  return fn::with(kind, [&](auto tag) HWY_ATTR {
    const F64 d;
    const HalfF32 half;
    const auto v_eps = hn::Set(half, eps);
    auto sum = hn::Zero(d);
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
      const auto e = hn::Sub(hn::LoadU(half, x + i), hn::LoadU(half, target + i));
      sum = hn::Add(sum, hn::PromoteTo(d, value(tag, half, e, v_eps)));
    }
    double total = hn::GetLane(hn::SumOfLanes(d, sum));
    for (; i < n; ++i) total += static_cast<double>(tag.f(x[i] - target[i], eps));
    return total;
  });
}

void loss_grad_range(Loss kind, float eps, float scale, const float* x, const float* target, float* dx, std::size_t n) {
  fn::with(kind, [&](auto tag) HWY_ATTR {
    const F32 d;
    const Vec v_eps = hn::Set(d, eps);
    const Vec v_scale = hn::Set(d, scale);
    for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR {
      const Vec e = hn::Sub(load_n(d, x + i, k), load_n(d, target + i, k));
      store_n(d, hn::Mul(v_scale, slope(tag, d, e, v_eps)), dx + i, k);
    });
  });
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(loss_sum);
HWY_EXPORT(loss_grad_range);

// Blocks of a fixed size, added in order: the same loss for every thread count.
void loss(Loss kind, double eps, ConstView x, ConstView target, View y) {
  if (x.dtype != DType::f32) return kernel_table(Backend::reference).loss.loss(kind, eps, x, target, y);
  constexpr std::int64_t kBlock = 16384;
  const std::int64_t n = x.numel();
  const auto* a = x.as<float>();
  const auto* b = target.as<float>();
  std::vector<double> sums(static_cast<std::size_t>((n + kBlock - 1) / kBlock));
  const auto sum = HWY_DYNAMIC_DISPATCH(loss_sum);
  parallel_for(static_cast<std::int64_t>(sums.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = i * kBlock;
      sums[static_cast<std::size_t>(i)] =
          sum(kind, static_cast<float>(eps), a + at, b + at, static_cast<std::size_t>(std::min(kBlock, n - at)));
    }
  });
  double total = 0;
  for (const double s : sums) total += s;
  *y.as<float>() = static_cast<float>(total / static_cast<double>(n));
}

void loss_grad(Loss kind, double eps, ConstView x, ConstView target, ConstView dy, View dx) {
  if (x.dtype != DType::f32) return kernel_table(Backend::reference).loss.loss_grad(kind, eps, x, target, dy, dx);
  const auto* a = x.as<float>();
  const auto* b = target.as<float>();
  auto* d = dx.as<float>();
  const auto scale = static_cast<float>(static_cast<double>(*dy.as<float>()) / static_cast<double>(x.numel()));
  const auto range = HWY_DYNAMIC_DISPATCH(loss_grad_range);
  parallel_for(x.numel(), 16384, [&](std::int64_t begin, std::int64_t end) {
    range(kind, static_cast<float>(eps), scale, a + begin, b + begin, d + begin, static_cast<std::size_t>(end - begin));
  });
}

}  // namespace

void fill(LossKernels& k) {
  k.loss = loss;
  k.loss_grad = loss_grad;
}

}  // namespace cf::cpu
#endif
