// What becomes of the sums of a convolution before they are stored; included once per Highway target.
#if defined(CF_CONV_END_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CF_CONV_END_INL_H
#undef CF_CONV_END_INL_H
#else
#define CF_CONV_END_INL_H
#endif

#include <hwy/highway.h>

#include "kernels/cpu/conv_problem.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

// y[at, at + k) from k sums with their bias. No branch on values: signs are random.
template <ConvEnd end>
HWY_INLINE void store_end(F32 d, const ConvProblem& p, Vec z, std::int64_t at, std::size_t k) {
  Vec y = z;
  if constexpr (end == ConvEnd::leaky) {
    y = hn::IfThenElse(hn::Gt(z, hn::Zero(d)), z, hn::Mul(z, hn::Set(d, p.slope)));
    if (p.added != nullptr) y = hn::Add(y, load_n(d, p.added + at, k));
  } else if constexpr (end == ConvEnd::gain) {
    y = hn::Mul(hn::Set(d, 2.0F), vector_sigmoid(d, z));
  } else {
    const Vec s = vector_sigmoid(d, z);
    const Vec b = load_n(d, p.sources[1].x + at, k);
    y = hn::MulAdd(s, load_n(d, p.sources[0].x + at, k), hn::NegMulAdd(s, b, b));
  }
  store_n(d, y, p.y + at, k);
}

// Calls fn(std::integral_constant<ConvEnd, ...>) for the problem's end.
template <class F>
void dispatch_end(const ConvProblem& p, F&& fn) {
  switch (p.end) {
    case ConvEnd::leaky: return fn(std::integral_constant<ConvEnd, ConvEnd::leaky>());
    case ConvEnd::gain: return fn(std::integral_constant<ConvEnd, ConvEnd::gain>());
    case ConvEnd::blend: return fn(std::integral_constant<ConvEnd, ConvEnd::blend>());
  }
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
