// A small register-tiled product for kernels that build one operand on the fly; included once per Highway target.
// (No include guard of the usual kind: each target compiles its own copy.)
#if defined(CF_MICRO_GEMM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CF_MICRO_GEMM_INL_H
#undef CF_MICRO_GEMM_INL_H
#else
#define CF_MICRO_GEMM_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;

// Floats per vector of this target, and the multiple that row lengths of B and C are padded to.
inline std::int64_t lanes() { return static_cast<std::int64_t>(hn::Lanes(FloatTag())); }
inline std::int64_t pad_to_lanes(std::int64_t n) { return (n + lanes() - 1) / lanes() * lanes(); }

// Element (m, k) of A is a[m * a_row + k * a_col].
struct MicroA {
  const float* a;
  std::int64_t a_row;
  std::int64_t a_col;
};

// kRows x (kVectors * lanes) of A B, the accumulators in registers: finish(r, v, sum) is given vector v of row r.
template <int kRows, int kVectors, class Finish>
HWY_INLINE void micro_tile(MicroA a, std::int64_t depth, const float* HWY_RESTRICT b, std::int64_t b_row, Finish finish) {
  const FloatTag d;
  const auto n = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<FloatTag> acc[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) acc[r][v] = hn::Zero(d);
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    hn::Vec<FloatTag> bv[kVectors];
    for (int v = 0; v < kVectors; ++v) bv[v] = hn::LoadU(d, b + k * b_row + v * n);
    const float* ak = a.a + k * a.a_col;
    for (int r = 0; r < kRows; ++r) {
      const auto av = hn::Set(d, ak[r * a.a_row]);
      for (int v = 0; v < kVectors; ++v) acc[r][v] = hn::MulAdd(av, bv[v], acc[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) finish(r, v, acc[r][v]);
  }
}

// The same for any number of rows, kVectors at most 3.
template <int kVectors, class Finish>
HWY_INLINE void micro_columns(MicroA a, std::int64_t rows, std::int64_t depth, const float* b, std::int64_t b_row,
                              Finish finish) {
  // 32 registers hold 12 x 2 or 8 x 3 accumulators with room for B and the broadcast; 16 hold 6 x 2 or 4 x 3.
  constexpr int kBlock = (HWY_MAX_BYTES >= 64 ? 24 : 12) / kVectors;
  std::int64_t r = 0;
  const auto at = [&](std::int64_t row) { return MicroA{a.a + row * a.a_row, a.a_row, a.a_col}; };
  const auto from = [&](std::int64_t row)
                        HWY_ATTR { return [=](int i, int v, hn::Vec<FloatTag> sum) HWY_ATTR { finish(row + i, v, sum); }; };
  for (; r + kBlock <= rows; r += kBlock) micro_tile<kBlock, kVectors>(at(r), depth, b, b_row, from(r));
  if constexpr (kBlock > 8) {
    for (; r + 8 <= rows; r += 8) micro_tile<8, kVectors>(at(r), depth, b, b_row, from(r));
  }
  for (; r + 4 <= rows; r += 4) micro_tile<4, kVectors>(at(r), depth, b, b_row, from(r));
  for (; r + 2 <= rows; r += 2) micro_tile<2, kVectors>(at(r), depth, b, b_row, from(r));
  for (; r < rows; ++r) micro_tile<1, kVectors>(at(r), depth, b, b_row, from(r));
}

// Adds to C at row r, vector v. Accumulators start from zero, not from C: sums of a few dozen terms are added to C whole, which
// halves the rounding error of one long chain.
struct AddTo {
  float* c;
  std::int64_t c_row;

  HWY_INLINE void operator()(std::int64_t r, int v, hn::Vec<FloatTag> sum) const {
    const FloatTag d;
    float* to = c + r * c_row + v * lanes();
    hn::StoreU(hn::Add(hn::LoadU(d, to), sum), d, to);
  }
};

// The same, but C is overwritten.
struct SetTo {
  float* c;
  std::int64_t c_row;

  HWY_INLINE void operator()(std::int64_t r, int v, hn::Vec<FloatTag> sum) const {
    hn::StoreU(sum, FloatTag(), c + r * c_row + v * lanes());
  }
};

// C (rows x columns, row stride c_row) += or, by SetTo, = A (rows x depth) B (depth x columns, row stride b_row); columns a
// multiple of lanes(), B and C readable that far.
template <class Finish = AddTo>
HWY_INLINE void micro_gemm(MicroA a, std::int64_t rows, std::int64_t depth, const float* b, std::int64_t b_row, float* c,
                           std::int64_t c_row, std::int64_t columns) {
  const std::int64_t n = lanes();
  std::int64_t j = 0;
  for (; j + 2 * n <= columns; j += 2 * n) micro_columns<2>(a, rows, depth, b + j, b_row, Finish{c + j, c_row});
  for (; j < columns; j += n) micro_columns<1>(a, rows, depth, b + j, b_row, Finish{c + j, c_row});
}

// y (rows x columns, dense) = LeakyReLU of c (row stride c_row). No branch: signs are random.
HWY_INLINE void store_leaky(const float* HWY_RESTRICT c, std::int64_t c_row, std::int64_t rows, std::int64_t columns, float slope,
                            float* HWY_RESTRICT y) {
  const FloatTag d;
  const auto slopes = hn::Set(d, slope);
  const std::int64_t n = lanes();
  for (std::int64_t r = 0; r < rows; ++r, y += columns, c += c_row) {
    std::int64_t o = 0;
    for (; o + n <= columns; o += n) {
      const auto v = hn::LoadU(d, c + o);
      hn::StoreU(hn::IfThenElse(hn::Gt(v, hn::Zero(d)), v, hn::Mul(v, slopes)), d, y + o);
    }
    for (; o < columns; ++o) y[o] = std::max(c[o], 0.0F) + slope * std::min(c[o], 0.0F);
  }
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
