// Attention on matrix units: how tokens are laid out for them. Blocks are 32 tokens of one head, its d <= 16 channels and the
// last block's tokens filled up with zeros.
#pragma once

#include "kernels/cpu/attention_problem.h"
#include "kernels/cpu/matrix_tiles.h"

#if CF_HAVE_MATRIX_TILES

#include <algorithm>
#include <type_traits>

CF_TILES_BEGIN
namespace cf::cpu::tiles {

constexpr std::int64_t kBlock = 32;  // tokens
constexpr float kLog2E = 1.44269504088896341F;
constexpr float kLn2 = 0.693147180559945309F;

inline std::int64_t blocks_of(std::int64_t tokens) { return (tokens + kBlock - 1) / kBlock; }

// Bytes of a block in each layout, numbers as kParts parts x1, x2, x3.
template <int kParts>
struct Layout {
  // Per 16 tokens: A, a row per token, (x1 | x2), then another tile, (x1 | x3). Of one part: (x1 | 0).
  static constexpr std::int64_t kRows = (kParts == 3 ? 4 : 2) * kTileBytes;
  // Per 16 tokens: B, a column per token, channels down: 8 rows each of x3, x1, x2, x1. Of one part: of x1, 0.
  static constexpr std::int64_t kColumns = (kParts == 3 ? 4 : 2) * kTileBytes;
  // Per part: A, a row per channel.
  static constexpr std::int64_t kAcross = kParts * kTileBytes;
  // Per part: B, a column per channel, tokens i and i + 16 interleaved in row i.
  static constexpr std::int64_t kPairs = kParts * kTileBytes;
};

// Some tokens of one head.
struct Tokens {
  const float* from;  // the first one's first channel
  std::int64_t row;   // floats from token to token
  std::int64_t count;
  std::int64_t d;
  float factor = 1;
};

inline __m512 token(const Tokens& t, std::int64_t i) {
  if (i >= t.count) return _mm512_setzero_ps();
  const auto channels = static_cast<__mmask16>((1U << t.d) - 1);
  return _mm512_mul_ps(_mm512_maskz_loadu_ps(channels, t.from + i * t.row), _mm512_set1_ps(t.factor));
}

// 16 tokens from `first` on, lanes being tokens.
inline void load_across(const Tokens& t, std::int64_t first, __m512 (&channels)[kSide]) {
  for (int i = 0; i < kSide; ++i) channels[i] = token(t, first + i);
  transpose(channels);
}

template <int kParts>
void pack_rows(const Tokens& t, char* to) {
  for (std::int64_t i = 0; i < kBlock; ++i) {
    const Parts<kParts> x = split<kParts>(token(t, i));
    char* row = to + i / kSide * (Layout<kParts>::kRows / 2) + i % kSide * kRowBytes;
    const auto put = [&](char* at, __m256i half) { _mm256_store_si256(reinterpret_cast<__m256i*>(at), half); };
    put(row, narrow(x.part[0]));
    if constexpr (kParts == 1) {
      put(row + kRowBytes / 2, _mm256_setzero_si256());
    } else {
      put(row + kRowBytes / 2, narrow(x.part[1]));
      put(row + kTileBytes, narrow(x.part[0]));
      put(row + kTileBytes + kRowBytes / 2, narrow(x.part[2]));
    }
  }
}

template <int kParts>
void pack_columns(const Tokens& t, char* to) {
  constexpr std::int64_t kHalf = kTileBytes / 2;
  for (std::int64_t first = 0; first < kBlock; first += kSide, to += Layout<kParts>::kColumns / 2) {
    __m512 channels[kSide];
    load_across(t, first, channels);
    for (int r = 0; r < kSide / 2; ++r) {
      const Parts<kParts> a = split<kParts>(channels[2 * r]);
      const Parts<kParts> b = split<kParts>(channels[2 * r + 1]);
      const auto put = [&](int half, __m512i row) { _mm512_store_si512(to + half * kHalf + r * kRowBytes, row); };
      const __m512i first_part = interleave(a.part[0], b.part[0]);
      if constexpr (kParts == 1) {
        put(0, first_part);
        put(1, _mm512_setzero_si512());
      } else {
        put(0, interleave(a.part[2], b.part[2]));
        put(1, first_part);
        put(2, interleave(a.part[1], b.part[1]));
        put(3, first_part);
      }
    }
  }
}

template <int kParts>
void pack_across(const Tokens& t, char* to) {
  for (std::int64_t first = 0; first < kBlock; first += kSide) {
    __m512 channels[kSide];
    load_across(t, first, channels);
    for (int c = 0; c < kSide; ++c) {
      const Parts<kParts> x = split<kParts>(channels[c]);
      for (int p = 0; p < kParts; ++p) {
        _mm256_store_si256(reinterpret_cast<__m256i*>(to + p * kTileBytes + c * kRowBytes + first * 2), narrow(x.part[p]));
      }
    }
  }
}

template <int kParts>
void pack_pairs(const Tokens& t, char* to) {
  for (std::int64_t i = 0; i < kSide; ++i) {
    const Parts<kParts> a = split<kParts>(token(t, i));
    const Parts<kParts> b = split<kParts>(token(t, i + kSide));
    for (int p = 0; p < kParts; ++p) _mm512_store_si512(to + p * kTileBytes + i * kRowBytes, interleave(a.part[p], b.part[p]));
  }
}

// --- products ---

// A product in three strides of two multiplications each (of one part: all in the first), for a loop that does other work in
// between: what one does of a kind fills the processor's window, and the rest waits.
//
// Tokens in `rows` by tokens in `columns`, into tile registers kSum and kSum + 1. Uses registers 2 and 3 beside them.
struct TokenProduct {
  const char *rows, *more_rows;  // of two times 16 tokens, or both the same
  const char *columns, *more_columns;
  const float *start, *more_start;  // what [i][j] begins with is start[j]; null: 0

  // 32 tokens by 16.
  template <int kParts>
  static TokenProduct tall(const char* rows, const char* columns, const float* start) {
    return {rows, rows + Layout<kParts>::kRows / 2, columns, columns, start, start};
  }
  // 16 tokens by 32.
  template <int kParts>
  static TokenProduct wide(const char* rows, const char* columns, const float* start) {
    return {rows, rows, columns, columns + Layout<kParts>::kColumns / 2, start, start + kSide};
  }

  template <int kParts, int kSum, int kStride>
  inline void stride() const {
    constexpr std::int64_t kHalf = kTileBytes / 2;
    const auto begin = [](auto tile, const float* from) { from == nullptr ? zero<tile()>() : load<tile()>(from, 0); };
    const bool tall = rows != more_rows;
    const auto row = [](const char* from) { load<2>(from + (kParts == 3 && kStride == 0 ? kTileBytes : 0)); };  // x1 x3, or x1 x2
    const auto column = [](const char* from) {
      load<3>(from + (kStride == 0 ? 0 : 3 - kStride) * kHalf);
    };  // x3 x1, x2 x1, x1 x2
    if constexpr (kStride == 0) {
      begin(std::integral_constant<int, kSum>(), start);
      begin(std::integral_constant<int, kSum + 1>(), more_start);
    } else if constexpr (kParts == 1) {
      return;
    }
    column(columns);
    if constexpr (kStride == 2) {
      // The rows are still there: where they are two, those of the second.
      if (tall) {
        multiply<kSum + 1, 2, 3>();
        row(rows);
        multiply<kSum, 2, 3>();
      } else {
        multiply<kSum, 2, 3>();
        column(more_columns);
        multiply<kSum + 1, 2, 3>();
      }
    } else {
      row(rows);
      multiply<kSum, 2, 3>();
      tall ? row(more_rows) : column(more_columns);
      multiply<kSum + 1, 2, 3>();
    }
  }
};

// All strides of one.
template <int kParts, int kSum>
inline void multiply_tokens(const TokenProduct& p) {
  p.template stride<kParts, kSum, 0>();
  p.template stride<kParts, kSum, 1>();
  p.template stride<kParts, kSum, 2>();
}

// Two registers into memory, one behind the other. A store waits for its products, and holds up the loads of tiles behind it:
// best late.
template <int kSum>
inline void store_two(float* to) {
  store<kSum>(to);
  store<kSum + 1>(to + kSide * kSide);
}

// The same for A by B, each stored as kParts tiles; adds to register kSum. Uses registers 4 and 5.
template <int kParts, int kSum, int kStride>
inline void multiply_parts(const char* a, const char* b) {
  if constexpr (kStride == 0) {
    load<4>(a);
    load<5>(b + (kParts - 1) * kTileBytes);
    multiply<kSum, 4, 5>();
    if constexpr (kParts == 3) {
      load<5>(b + kTileBytes);
      multiply<kSum, 4, 5>();
    }
  } else if constexpr (kParts == 3 && kStride == 1) {
    load<4>(a + kTileBytes);  // with b2, still there
    multiply<kSum, 4, 5>();
    load<5>(b);
    multiply<kSum, 4, 5>();
  } else if constexpr (kParts == 3) {
    load<4>(a + 2 * kTileBytes);
    multiply<kSum, 4, 5>();
    load<4>(a);
    multiply<kSum, 4, 5>();
  }
}

template <int kParts, int kSum>
inline void multiply_parts(const char* a, const char* b) {
  multiply_parts<kParts, kSum, 0>(a, b);
  multiply_parts<kParts, kSum, 1>(a, b);
  multiply_parts<kParts, kSum, 2>(a, b);
}

}  // namespace cf::cpu::tiles
CF_TILES_END

#endif
