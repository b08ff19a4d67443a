// Optimizer steps by Highway, one pass over the flat buffers.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/optim.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include <cmath>
#include <vector>

#include "framework/core/parallel.h"
#include "kernels/cpu/simd-inl.h"
#include "kernels/optim_functors.h"
#include "kernels/table.h"

#ifndef CF_CPU_OPTIM_ONCE
#define CF_CPU_OPTIM_ONCE

namespace cf::cpu {

// A StepFrame as the loops need it.
struct Frame {
  const double* values;
  double factor;  // of the gradient
  float* shadow;  // null: no average

  double value(StepValue which) const { return functors::step_value(values, which); }
  Frame at(std::int64_t i) const { return {values, factor, shadow != nullptr ? shadow + i : nullptr}; }
};

}  // namespace cf::cpu

#endif

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

HWY_INLINE Vec set(F32 d, double value) { return hn::Set(d, static_cast<float>(value)); }

struct Average {
  Vec keep;
  Vec take;

  Average(F32 d, double decay) : keep(set(d, decay)), take(set(d, 1 - decay)) {}
  HWY_INLINE Vec operator()(Vec shadow, Vec p) const { return hn::MulAdd(keep, shadow, hn::Mul(take, p)); }
};

// What the algorithms share: p = fn(p, g, i, k) on every vector, g clipped before and the average taken behind.
template <class F>
HWY_INLINE void update_range(const Frame& f, float* p, const float* g, std::size_t n, F fn) {
  const F32 d;
  const Vec factor = set(d, f.factor);
  const Average average(d, f.value(StepValue::ema_decay));
  for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR {
    const Vec w = fn(load_n(d, p + i, k), hn::Mul(factor, load_n(d, g + i, k)), i, k);
    store_n(d, w, p + i, k);
    if (f.shadow != nullptr) store_n(d, average(load_n(d, f.shadow + i, k), w), f.shadow + i, k);
  });
}

void adam_range(const AdamStep& s, const Frame& f, float* p, const float* g, float* m, float* v, std::size_t n) {
  const F32 d;
  const double lr = f.value(StepValue::lr);
  const Vec rate = set(d, lr / f.value(StepValue::bias1));
  const Vec inverse_root = set(d, 1 / std::sqrt(f.value(StepValue::bias2)));
  const Vec l2 = set(d, s.decoupled ? 0 : s.weight_decay);
  const Vec keep = set(d, s.decoupled ? 1 - lr * s.weight_decay : 1);
  const Vec eps = set(d, s.eps);
  const Vec beta1 = set(d, s.beta1);
  const Vec beta2 = set(d, s.beta2);
  const Vec rest1 = set(d, 1 - s.beta1);
  const Vec rest2 = set(d, 1 - s.beta2);
  update_range(f, p, g, n, [&](Vec w, Vec clipped, std::size_t i, std::size_t k) HWY_ATTR {
    const Vec gradient = hn::MulAdd(l2, w, clipped);
    const Vec mean = hn::MulAdd(beta1, load_n(d, m + i, k), hn::Mul(rest1, gradient));
    const Vec square = hn::MulAdd(beta2, load_n(d, v + i, k), hn::Mul(rest2, hn::Mul(gradient, gradient)));
    const Vec divisor = hn::MulAdd(hn::Sqrt(square), inverse_root, eps);
    store_n(d, mean, m + i, k);
    store_n(d, square, v + i, k);
    return hn::Sub(hn::Mul(keep, w), hn::Div(hn::Mul(rate, mean), divisor));
  });
}

void sgd_range(const SgdStep& s, const Frame& f, float* p, const float* g, float* velocity, std::size_t n) {
  const F32 d;
  const Vec rate = set(d, f.value(StepValue::lr));
  const Vec momentum = set(d, s.momentum);
  const Vec l2 = set(d, s.weight_decay);
  update_range(f, p, g, n, [&](Vec w, Vec gradient, std::size_t i, std::size_t k) HWY_ATTR {
    const Vec v = hn::MulAdd(momentum, load_n(d, velocity + i, k), hn::MulAdd(l2, w, gradient));
    store_n(d, v, velocity + i, k);
    return hn::NegMulAdd(rate, v, w);
  });
}

void rmsprop_range(const RmspropStep& s, const Frame& f, float* p, const float* g, float* square, std::size_t n) {
  const F32 d;
  const Vec rate = set(d, f.value(StepValue::lr));
  const Vec alpha = set(d, s.alpha);
  const Vec rest = set(d, 1 - s.alpha);
  const Vec eps = set(d, s.eps);
  const Vec l2 = set(d, s.weight_decay);
  update_range(f, p, g, n, [&](Vec w, Vec clipped, std::size_t i, std::size_t k) HWY_ATTR {
    const Vec gradient = hn::MulAdd(l2, w, clipped);
    const Vec q = hn::MulAdd(alpha, load_n(d, square + i, k), hn::Mul(rest, hn::Mul(gradient, gradient)));
    store_n(d, q, square + i, k);
    return hn::Sub(w, hn::Div(hn::Mul(rate, gradient), hn::Add(hn::Sqrt(q), eps)));
  });
}

double squared_norm_range(const float* x, std::size_t n) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> half;  // as many floats
  auto sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto v = hn::PromoteTo(d, hn::LoadU(half, x + i));
    sum = hn::MulAdd(v, v, sum);
  }
  double total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total;
}

void scale_range(double factor, float* x, std::size_t n) {
  const F32 d;
  const Vec f = set(d, factor);
  for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR { store_n(d, hn::Mul(f, load_n(d, x + i, k)), x + i, k); });
}

void ema_range(double decay, float* shadow, const float* p, std::size_t n) {
  const F32 d;
  const Average average(d, decay);
  for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR {
    store_n(d, average(load_n(d, shadow + i, k), load_n(d, p + i, k)), shadow + i, k);
  });
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(adam_range);
HWY_EXPORT(sgd_range);
HWY_EXPORT(rmsprop_range);
HWY_EXPORT(squared_norm_range);
HWY_EXPORT(scale_range);
HWY_EXPORT(ema_range);

const OptimKernels& reference_kernels() { return kernel_table(Backend::reference).optim; }

// Calls fn(begin, count) on pieces of n elements, each worth a thread. An element is computed alike wherever pieces begin.
template <class F>
void in_pieces(std::int64_t n, F&& fn) {
  constexpr std::int64_t kGrain = 16384;
  parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) { fn(begin, static_cast<std::size_t>(end - begin)); });
}

// Calls fn(frame, begin, count) on pieces of n elements, unless the gradient's norm forbids the step.
template <class F>
void framed(const StepFrame& f, std::int64_t n, F&& fn) {
  const double factor = functors::gradient_factor(f.squared_norm ? f.squared_norm.as<double>() : nullptr, f.max_norm);
  if (!std::isfinite(factor)) return;
  const Frame frame{f.values.as<double>(), factor, f.shadow ? f.shadow.as<float>() : nullptr};
  in_pieces(n, [&](std::int64_t at, std::size_t count) { fn(frame.at(at), at, count); });
}

void adam(const AdamStep& s, const StepFrame& f, View p, ConstView g, View m, View v) {
  if (p.dtype != DType::f32) return reference_kernels().adam(s, f, p, g, m, v);
  const auto range = HWY_DYNAMIC_DISPATCH(adam_range);
  framed(f, p.numel(),
         [&, w = p.as<float>(), gradient = g.as<float>(), mean = m.as<float>(), square = v.as<float>()](
             const Frame& frame, std::int64_t at, std::size_t n) {
           range(s, frame, w + at, gradient + at, mean + at, square + at, n);
         });
}

void sgd(const SgdStep& s, const StepFrame& f, View p, ConstView g, View velocity) {
  if (p.dtype != DType::f32) return reference_kernels().sgd(s, f, p, g, velocity);
  const auto range = HWY_DYNAMIC_DISPATCH(sgd_range);
  framed(f, p.numel(),
         [&, w = p.as<float>(), gradient = g.as<float>(), v = velocity.as<float>()](
             const Frame& frame, std::int64_t at, std::size_t n) { range(s, frame, w + at, gradient + at, v + at, n); });
}

void rmsprop(const RmspropStep& s, const StepFrame& f, View p, ConstView g, View square) {
  if (p.dtype != DType::f32) return reference_kernels().rmsprop(s, f, p, g, square);
  const auto range = HWY_DYNAMIC_DISPATCH(rmsprop_range);
  framed(f, p.numel(),
         [&, w = p.as<float>(), gradient = g.as<float>(), q = square.as<float>()](
             const Frame& frame, std::int64_t at, std::size_t n) { range(s, frame, w + at, gradient + at, q + at, n); });
}

// Blocks of a fixed size, added in order: the same sum for every thread count.
void squared_norm(ConstView x, View sum) {
  if (x.dtype != DType::f32) return reference_kernels().squared_norm(x, sum);
  constexpr std::int64_t kBlock = 32768;
  const std::int64_t n = x.numel();
  const auto* in = x.as<float>();
  std::vector<double> sums(static_cast<std::size_t>((n + kBlock - 1) / kBlock));
  const auto range = HWY_DYNAMIC_DISPATCH(squared_norm_range);
  parallel_for(static_cast<std::int64_t>(sums.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = i * kBlock;
      sums[static_cast<std::size_t>(i)] = range(in + at, static_cast<std::size_t>(std::min(kBlock, n - at)));
    }
  });
  double total = 0;
  for (const double s : sums) total += s;
  *sum.as<double>() = total;
}

void clip(double max_norm, ConstView squared_norm, View x) {
  if (x.dtype != DType::f32) return reference_kernels().clip(max_norm, squared_norm, x);
  const double factor = functors::gradient_factor(squared_norm.as<double>(), max_norm);
  if (!std::isfinite(factor) || factor == 1) return;
  const auto range = HWY_DYNAMIC_DISPATCH(scale_range);
  in_pieces(x.numel(), [&, out = x.as<float>()](std::int64_t at, std::size_t n) { range(factor, out + at, n); });
}

void ema(ConstView values, View shadow, ConstView p) {
  if (shadow.dtype != DType::f32) return reference_kernels().ema(values, shadow, p);
  const double decay = functors::step_value(values.as<double>(), StepValue::ema_decay);
  const auto range = HWY_DYNAMIC_DISPATCH(ema_range);
  in_pieces(shadow.numel(), [&, out = shadow.as<float>(), in = p.as<float>()](std::int64_t at, std::size_t n) {
    range(decay, out + at, in + at, n);
  });
}

}  // namespace

void fill(OptimKernels& k) {
  k.adam = adam;
  k.sgd = sgd;
  k.rmsprop = rmsprop;
  k.squared_norm = squared_norm;
  k.clip = clip;
  k.ema = ema;
}

}  // namespace cf::cpu
#endif
