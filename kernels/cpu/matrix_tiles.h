// Products on the processor's matrix units (AMX) with the accuracy of f32.
//
// A unit multiplies a tile A of 16 x 32 bf16 by a tile B of 32 x 16 and adds to 16 x 16 sums in f32. An f32 number is, bit for
// bit, the sum of three bf16: x = x1 + x2 + x3, each the first eight bits of what the ones before left. Of the nine products of
// parts six are taken; the other three are below 2^-24 of the product, as is the rounding of an f32 multiplication.
// With a single part this is plain bf16.
//
// B's rows hold two neighbours each, interleaved: row r is (2r, 2r + 1) of the 32 that are summed over. Such a row is made from
// two vectors of f32 by taking the upper halves of their lanes, so that A's order of the 32 must follow how vectors were paired.
#pragma once

#include <cstdint>

#if defined(__x86_64__) && (defined(__clang__) || __GNUC__ >= 11)
#define CF_HAVE_MATRIX_TILES 1
#else
#define CF_HAVE_MATRIX_TILES 0
#endif

namespace cf::cpu {

// Whether this processor has the units, the system lets this process use them, and no cap on instructions forbids it.
bool has_matrix_tiles();

}  // namespace cf::cpu

#if CF_HAVE_MATRIX_TILES

// g++ 12 takes the undefined vectors inside its own intrinsics for mistakes.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <hwy/base.h>

// Around functions that compute with tiles and vectors of 512 bits.
#define CF_TILES_BEGIN HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512dq,avx512vl,amx-tile,amx-bf16")
#define CF_TILES_END HWY_POP_ATTRIBUTES

CF_TILES_BEGIN
namespace cf::cpu::tiles {

constexpr std::int64_t kSide = 16;   // rows of a tile, and f32 in a row
constexpr std::int64_t kDepth = 32;  // bf16 in a row
constexpr std::int64_t kRowBytes = 64;
constexpr std::int64_t kTileBytes = kSide * kRowBytes;

// Registers, named at compile time. What they do is in the order of the program, and sees memory as it is.
template <int tile>
inline void load(const void* from, std::int64_t stride = kRowBytes) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(tile) : "memory");
}
template <int tile>
inline void store(void* to, std::int64_t stride = kRowBytes) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(tile) : "memory");
}
template <int tile>
inline void zero() {
  asm volatile("tilezero %%tmm%c0" ::"i"(tile));
}
// sum += a b
template <int sum, int a, int b>
inline void multiply() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sum), "i"(a), "i"(b));
}

// While alive, this thread's eight tile registers are whole tiles, and its vectors take denormals for 0 as the matrix units do:
// probabilities of far keys and their last parts would be such, at a hundred times the cost of other numbers.
class Registers {
 public:
  Registers() : control_(_mm_getcsr()) {
    struct alignas(64) Configuration {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {};
      std::uint8_t rows[16] = {};
    } c;
    for (int i = 0; i < 8; ++i) {
      c.row_bytes[i] = kRowBytes;
      c.rows[i] = kSide;
    }
    asm volatile("ldtilecfg %0" ::"m"(c));
    _mm_setcsr(control_ | _MM_FLUSH_ZERO_ON | 0x40U);  // denormal results and operands
  }
  ~Registers() {
    _mm_setcsr(control_);
    asm volatile("tilerelease");
  }
  Registers(const Registers&) = delete;
  Registers& operator=(const Registers&) = delete;

 private:
  unsigned control_;
};

// --- parts ---

// The upper 16 bits of each lane are the bf16; what is below is of no account.
template <int kParts>
struct Parts {
  __m512i part[kParts];
};

// Of one part the nearest bf16, else all bits. NaN stays NaN.
template <int kParts>
inline Parts<kParts> split(__m512 x) {
  static_assert(kParts == 1 || kParts == 3);
  if constexpr (kParts == 1) {
    return {{_mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x8000))}};
  } else {
    const __m512 upper = _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(0xFFFF0000U)));
    const __m512 rest = _mm512_sub_ps(x, _mm512_and_ps(x, upper));
    const __m512 last = _mm512_sub_ps(rest, _mm512_and_ps(rest, upper));
    return {{_mm512_castps_si512(x), _mm512_castps_si512(rest), _mm512_castps_si512(last)}};
  }
}

// A row of B: lane i holds (a_i, b_i).
inline __m512i interleave(__m512i a, __m512i b) { return _mm512_mask_blend_epi16(0xAAAAAAAAU, _mm512_srli_epi32(a, 16), b); }

// Half a row of A: the bf16 of 16 lanes.
inline __m256i narrow(__m512i a) { return _mm512_cvtepi32_epi16(_mm512_srli_epi32(a, 16)); }

// x = 2^x, relative error at most 1.5e-7 (measured on all of [0, 1)); 0 far below; NaN stays NaN. 2^x = 2^n p(r) with n the
// integer below x and p of degree 5 by minimax (7.5e-8) on [0, 1). Several vectors side by side, since each is one long chain.
template <int kVectors>
inline void exp2(__m512 (&x)[kVectors]) {
  constexpr int kFractionAboveFloor = 0x09;  // of vreduceps: floor, no exceptions
  __m512 r[kVectors];
  __m512 p[kVectors];
  for (int i = 0; i < kVectors; ++i) {
    r[i] = _mm512_reduce_ps(x[i], kFractionAboveFloor);
    p[i] = _mm512_set1_ps(0.0018775768112391233F);
  }
  for (const float c :
       {0.00898933969438076F, 0.05582631751894951F, 0.24015361070632935F, 0.6931530833244324F, 0.9999999403953552F}) {
    for (int i = 0; i < kVectors; ++i) p[i] = _mm512_fmadd_ps(p[i], r[i], _mm512_set1_ps(c));
  }
  for (int i = 0; i < kVectors; ++i) x[i] = _mm512_scalef_ps(p[i], x[i]);
}

// rows[i] lane j <-> rows[j] lane i
inline void transpose(__m512 (&rows)[kSide]) {
  __m512 t[kSide];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < 2; ++j) {
      const __m512d a = _mm512_castps_pd(t[i + j]);
      const __m512d b = _mm512_castps_pd(t[i + j + 2]);
      rows[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
      rows[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    }
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_f32x4(rows[i], rows[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(rows[i], rows[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(rows[i + 8], rows[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(rows[i + 8], rows[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    rows[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
    rows[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
  }
}

}  // namespace cf::cpu::tiles
CF_TILES_END

#endif
