// The unary and binary functions of kernels/functors.h on vectors: value(tag, ...) is the tag's f, slope(tag, ...) its d.
// Included once per SIMD target, so the guard toggles.
#if defined(CF_KERNELS_CPU_SIMD_FUNCTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CF_KERNELS_CPU_SIMD_FUNCTORS_INL_H_
#undef CF_KERNELS_CPU_SIMD_FUNCTORS_INL_H_
#else
#define CF_KERNELS_CPU_SIMD_FUNCTORS_INL_H_
#endif

#include "kernels/binary_functors.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {
namespace fn = cf::functors;

// UnaryParams in every lane.
struct VecParams {
  Vec a;
  Vec b;
};

// IfThenElse(x > 0, yes, no)
HWY_INLINE Vec where_positive(F32 d, Vec x, Vec yes, Vec no) { return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), yes, no); }

HWY_INLINE Vec value(fn::Neg, F32, Vec x, VecParams) { return hn::Neg(x); }
HWY_INLINE Vec slope(fn::Neg, F32 d, Vec, Vec, VecParams) { return hn::Set(d, -1.0F); }

HWY_INLINE Vec value(fn::Abs, F32, Vec x, VecParams) { return hn::Abs(x); }
HWY_INLINE Vec slope(fn::Abs, F32 d, Vec x, Vec, VecParams) {
  const Vec one = hn::Set(d, 1.0F);
  return where_positive(d, x, one, hn::IfThenElseZero(hn::Lt(x, hn::Zero(d)), hn::Neg(one)));
}

HWY_INLINE Vec value(fn::Exp, F32 d, Vec x, VecParams) { return vector_exp(d, x); }
HWY_INLINE Vec slope(fn::Exp, F32, Vec, Vec y, VecParams) { return y; }

HWY_INLINE Vec value(fn::Sqrt, F32, Vec x, VecParams) { return hn::Sqrt(x); }
HWY_INLINE Vec slope(fn::Sqrt, F32 d, Vec, Vec y, VecParams) { return hn::Div(hn::Set(d, 0.5F), y); }

HWY_INLINE Vec value(fn::Square, F32, Vec x, VecParams) { return hn::Mul(x, x); }
HWY_INLINE Vec slope(fn::Square, F32, Vec x, Vec, VecParams) { return hn::Add(x, x); }

HWY_INLINE Vec value(fn::Relu, F32 d, Vec x, VecParams) { return hn::IfThenElse(hn::Le(x, hn::Zero(d)), hn::Zero(d), x); }
HWY_INLINE Vec slope(fn::Relu, F32 d, Vec, Vec y, VecParams) {
  return hn::IfThenElse(hn::Le(y, hn::Zero(d)), hn::Zero(d), hn::Set(d, 1.0F));
}

HWY_INLINE Vec value(fn::LeakyRelu, F32 d, Vec x, VecParams p) { return where_positive(d, x, x, hn::Mul(p.a, x)); }
HWY_INLINE Vec slope(fn::LeakyRelu, F32 d, Vec, Vec y, VecParams p) { return where_positive(d, y, hn::Set(d, 1.0F), p.a); }

HWY_INLINE Vec value(fn::Sigmoid, F32 d, Vec x, VecParams) { return vector_sigmoid(d, x); }
HWY_INLINE Vec slope(fn::Sigmoid, F32, Vec, Vec y, VecParams) { return hn::NegMulAdd(y, y, y); }

HWY_INLINE Vec value(fn::Silu, F32 d, Vec x, VecParams) { return hn::Mul(x, vector_sigmoid(d, x)); }
HWY_INLINE Vec slope(fn::Silu, F32 d, Vec x, Vec, VecParams) {
  const Vec s = vector_sigmoid(d, x);
  const Vec one = hn::Set(d, 1.0F);
  return hn::Mul(s, hn::MulAdd(x, hn::Sub(one, s), one));
}

HWY_INLINE Vec value(fn::Tanh, F32 d, Vec x, VecParams) { return vector_tanh(d, x); }
HWY_INLINE Vec slope(fn::Tanh, F32 d, Vec, Vec y, VecParams) { return hn::NegMulAdd(y, y, hn::Set(d, 1.0F)); }

HWY_INLINE Vec value(fn::Clamp, F32, Vec x, VecParams p) {
  return hn::IfThenElse(hn::Lt(x, p.a), p.a, hn::IfThenElse(hn::Gt(x, p.b), p.b, x));
}
HWY_INLINE Vec slope(fn::Clamp, F32 d, Vec x, Vec, VecParams p) {
  return hn::IfThenElse(hn::Or(hn::Lt(x, p.a), hn::Gt(x, p.b)), hn::Zero(d), hn::Set(d, 1.0F));
}

HWY_INLINE Vec value(fn::Affine, F32, Vec x, VecParams p) { return hn::MulAdd(p.a, x, p.b); }
HWY_INLINE Vec slope(fn::Affine, F32, Vec, Vec, VecParams p) { return p.a; }

HWY_INLINE Vec value(fn::Add, F32, Vec a, Vec b) { return hn::Add(a, b); }
HWY_INLINE Vec value(fn::Sub, F32, Vec a, Vec b) { return hn::Sub(a, b); }
HWY_INLINE Vec value(fn::Mul, F32, Vec a, Vec b) { return hn::Mul(a, b); }
HWY_INLINE Vec value(fn::Div, F32, Vec a, Vec b) { return hn::Div(a, b); }
HWY_INLINE Vec value(fn::Prelu, F32 d, Vec x, Vec s) { return where_positive(d, x, x, hn::Mul(s, x)); }
HWY_INLINE Vec value(fn::PreluDx, F32 d, Vec x, Vec s) { return where_positive(d, x, hn::Set(d, 1.0F), s); }

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
