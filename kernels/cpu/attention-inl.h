// Pieces of attention: rows of channels transposed into vectors, and the exponential. Included once per SIMD target, so the
// guard toggles.
#if defined(CF_KERNELS_CPU_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CF_KERNELS_CPU_ATTENTION_INL_H_
#undef CF_KERNELS_CPU_ATTENTION_INL_H_
#else
#define CF_KERNELS_CPU_ATTENTION_INL_H_
#endif

#include "kernels/cpu/micro_gemm-inl.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

// Vectors run over the tokens of a panel, kPanel of them: what is stored per token (a query, a key, a sum) becomes
// [channel][token], rows of panel() floats.
constexpr int kPanel = 3;
inline std::int64_t panel() { return kPanel * lanes(); }

constexpr float kLog2E = 1.44269504088896341F;
constexpr float kLn2 = 0.693147180559945309F;

// 2^x for x < 128; below -100 it stays at 2^-100, beside 1 as good as 0: products with smaller numbers would be denormal, which
// cost a hundred times the time of others. NaN stays NaN. x is rounded to an integer by adding 1.5 * 2^23, whose lowest bits then
// are the integer, and the exponent's bias with it. Of the rest r in [-1/2, 1/2], 2^r = 1 + r q(r), q of degree 4 by minimax.
// Relative error at most 1.6e-7 in f32 (measured over [-1/2, 1/2]); exact at 0.
HWY_INLINE Vec exp2_near(F32 d, Vec x) {
  const hn::RebindToUnsigned<F32> bits;
  const Vec magic = hn::Set(d, 12582912.0F + 127.0F);
  const Vec limited = hn::Max(hn::Set(d, -100.0F), x);  // x86 gives the second where one is NaN
  const Vec t = hn::Add(limited, magic);
  const Vec r = hn::Sub(limited, hn::Sub(t, magic));
  Vec p = hn::Set(d, 0.001326472731307149F);
  for (const float c : {0.009671512991189957F, 0.05550733581185341F, 0.24022242426872253F, 0.6931470036506653F, 1.0F}) {
    p = hn::MulAdd(p, r, hn::Set(d, c));
  }
  return hn::Mul(p, hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(bits, t))));
}

// to[channel][token] = factor * from[token][channel] for `tokens` rows of d channels; tokens up to panel() are zero.
inline void transpose_panel(const float* from, std::int64_t from_row, std::int64_t tokens, std::int64_t d, float factor,
                            float* to) {
  const std::int64_t width = panel();
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t c = 0; c < d; ++c) to[c * width + t] = factor * from[t * from_row + c];
  }
  for (std::int64_t c = 0; c < d; ++c) std::fill(to + c * width + tokens, to + (c + 1) * width, 0.0F);
}

// The way back: to[token][channel] = factor * from[channel][token].
inline void untranspose_panel(const float* from, std::int64_t tokens, std::int64_t d, float factor, float* to,
                              std::int64_t to_row) {
  const std::int64_t width = panel();
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t c = 0; c < d; ++c) to[t * to_row + c] = factor * from[c * width + t];
  }
}

// Calls fn(integral_constant of d) for the head dimensions that are compiled, else fn(integral_constant of 0): any.
template <class F>
void with_head_dim(std::int64_t d, F&& fn) {
  if (d == 16) return fn(std::integral_constant<int, 16>());
  if (d == 8) return fn(std::integral_constant<int, 8>());
  fn(std::integral_constant<int, 0>());
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
