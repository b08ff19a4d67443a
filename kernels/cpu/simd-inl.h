// Vectors of f32 at the ends of rows, and the functions of functors.h on vectors. Included once per SIMD target
// (foreach_target), so the guard toggles.
#if defined(CF_KERNELS_CPU_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CF_KERNELS_CPU_SIMD_INL_H_
#undef CF_KERNELS_CPU_SIMD_INL_H_
#else
#define CF_KERNELS_CPU_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>
#include <limits>

#include "kernels/functors.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::ScalableTag<float>;
using Vec = hn::Vec<F32>;

// The first n lanes from memory, zero in the rest; reads nothing beyond them.
HWY_INLINE Vec load_n(F32 d, const float* p, std::size_t n) {
  if (n == hn::Lanes(d)) return hn::LoadU(d, p);
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)] = {};
  std::memcpy(lanes, p, n * sizeof(float));
  return hn::Load(d, lanes);
#else
  return hn::MaskedLoad(hn::FirstN(d, n), d, p);
#endif
}

HWY_INLINE void store_n(F32 d, Vec v, float* p, std::size_t n) {
  if (n == hn::Lanes(d)) return hn::StoreU(v, d, p);
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, d, lanes);
  std::memcpy(p, lanes, n * sizeof(float));
#else
  hn::BlendedStore(v, hn::FirstN(d, n), d, p);
#endif
}

// Calls fn(i, k) for i = 0, lanes, 2 lanes, ... below n; k is the number of lanes in use: all of them, but for the last call.
// In the loop k is a constant that load_n and store_n see.
template <class F>
HWY_INLINE void for_vectors(F32 d, std::size_t n, F fn) {
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) fn(i, lanes);
  if (i < n) fn(i, n - i);
}

// The larger of each lane, NaN where either is NaN (Max of the hardware drops one).
HWY_INLINE Vec max_or_nan(Vec a, Vec b) { return hn::IfThenElse(hn::Or(hn::Gt(b, a), hn::IsNaN(b)), b, a); }

// The largest of n > 0 values, NaN where there is one.
HWY_INLINE float largest(F32 d, const float* x, std::size_t n) {
  const Vec lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  Vec peak = lowest;
  for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR {
    const Vec v = load_n(d, x + i, k);
    peak = max_or_nan(peak, k == hn::Lanes(d) ? v : hn::IfThenElse(hn::FirstN(d, k), v, lowest));
  });
  if (!hn::AllFalse(d, hn::IsNaN(peak))) return std::numeric_limits<float>::quiet_NaN();
  return hn::GetLane(hn::MaxOfLanes(d, peak));
}

// --- exp and its kin ---
// x = n ln 2 + r with |r| <= ln(2)/2, so exp(x) = 2^n (1 + q(r)), q the Taylor polynomial of exp(r) - 1 of degree 7, whose
// remainder r^8/8! is under 6e-9. Measured against f64 over the whole range (tests/ops/elementwise_test.cpp): relative
// error under 2e-7 for exp, 3e-7 for sigmoid and tanh, 4e-7 for silu.

struct Reduced {
  Vec q;                               // exp(r) - 1
  hn::Vec<hn::RebindToSigned<F32>> n;  // exponent
};

HWY_INLINE Reduced reduce_exp(F32 d, Vec x) {
  const Vec n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504088896341F)));
  // ln 2 in two parts; the first has so few bits that n times it is exact.
  Vec r = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440054690583e-4F), r);
  Vec p = hn::Set(d, 1.0F / 5040);
  for (const float c : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F}) p = hn::MulAdd(p, r, hn::Set(d, c));
  return {hn::Mul(p, r), hn::ConvertTo(hn::RebindToSigned<F32>(), n)};
}

// 2^n for n in [-126, 127]
HWY_INLINE Vec power_of_two(F32 d, hn::Vec<hn::RebindToSigned<F32>> n) {
  const hn::RebindToSigned<F32> di;
  return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(n, hn::Set(di, 127))));
}

// Overflows to infinity, underflows through the denormals to 0, keeps NaN.
HWY_INLINE Vec vector_exp(F32 d, Vec x) {
  const Vec limited = hn::Min(hn::Max(x, hn::Set(d, -105.0F)), hn::Set(d, 90.0F));
  const Reduced e = reduce_exp(d, limited);
  // 2^n in two factors: n may lie outside the range of normal exponents.
  const auto half = hn::ShiftRight<1>(e.n);
  const Vec m = hn::Add(hn::Set(d, 1.0F), e.q);
  const Vec y = hn::Mul(hn::Mul(m, power_of_two(d, half)), power_of_two(d, hn::Sub(e.n, half)));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

HWY_INLINE Vec vector_sigmoid(F32 d, Vec x) {
  const Vec one = hn::Set(d, 1.0F);
  return hn::Div(one, hn::Add(one, vector_exp(d, hn::Neg(x))));
}

// E / (E + 2) with E = exp(2|x|) - 1 = 2^n q + (2^n - 1), which keeps its precision near 0.
HWY_INLINE Vec vector_tanh(F32 d, Vec x) {
  const Vec twice = hn::Min(hn::Mul(hn::Abs(x), hn::Set(d, 2.0F)), hn::Set(d, 20.0F));
  const Reduced e = reduce_exp(d, twice);
  const Vec power = power_of_two(d, e.n);
  const Vec expm1 = hn::MulAdd(power, e.q, hn::Sub(power, hn::Set(d, 1.0F)));
  const Vec y = hn::CopySign(hn::Div(expm1, hn::Add(expm1, hn::Set(d, 2.0F))), x);
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
