// Attention on matrix units: how tokens are laid out for them. Blocks are 32 tokens of one head, its d <= 16 channels and the
// last block's tokens filled up with zeros.
#pragma once

#include "kernels/cpu/attention_problem.h"
#include "kernels/cpu/matrix_tiles.h"

#if CF_HAVE_MATRIX_TILES

#include <algorithm>

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

// Token i of 32 in `rows` and token j of 16 in `columns`. Into tile registers kSum and kSum + 1: [i][j] = start[j] + product;
// null: from 0. Uses registers 2 to 5 beside them.
template <int kParts, int kSum>
inline void multiply_tokens(const char* rows, const char* columns, const float* start) {
  constexpr std::int64_t kHalf = kTileBytes / 2;
  constexpr std::int64_t kSecond = Layout<kParts>::kRows / 2;  // 16 tokens on
  if (start == nullptr) {
    zero<kSum>();
    zero<kSum + 1>();
  } else {
    load<kSum>(start, 0);
    load<kSum + 1>(start, 0);
  }
  load<4>(columns);  // x3, x1
  if constexpr (kParts == 3) {
    load<2>(rows + kTileBytes);
    multiply<kSum, 2, 4>();
    load<3>(rows + kSecond + kTileBytes);
    multiply<kSum + 1, 3, 4>();
    load<2>(rows);
    load<3>(rows + kSecond);
    load<5>(columns + 2 * kHalf);  // x2, x1
    multiply<kSum, 2, 5>();
    multiply<kSum + 1, 3, 5>();
    load<4>(columns + kHalf);  // x1, x2
    multiply<kSum, 2, 4>();
    multiply<kSum + 1, 3, 4>();
  } else {
    load<2>(rows);
    multiply<kSum, 2, 4>();
    load<3>(rows + kSecond);
    multiply<kSum + 1, 3, 4>();
  }
}

// Token i of 16 in `rows` and token j of 32 in `columns`, which are two halves; start has 32 numbers.
template <int kParts, int kSum>
inline void multiply_16_by_32(const char* rows, const char* columns, const float* start) {
  constexpr std::int64_t kHalf = kTileBytes / 2;
  constexpr std::int64_t kSecond = Layout<kParts>::kColumns / 2;
  load<kSum>(start, 0);
  load<kSum + 1>(start + kSide, 0);
  load<2>(rows);
  if constexpr (kParts == 3) {
    load<3>(rows + kTileBytes);
    load<4>(columns);  // x3, x1
    multiply<kSum, 3, 4>();
    load<5>(columns + kSecond);
    multiply<kSum + 1, 3, 5>();
    load<4>(columns + 2 * kHalf);  // x2, x1
    multiply<kSum, 2, 4>();
    load<5>(columns + kSecond + 2 * kHalf);
    multiply<kSum + 1, 2, 5>();
    load<4>(columns + kHalf);  // x1, x2
    multiply<kSum, 2, 4>();
    load<5>(columns + kSecond + kHalf);
    multiply<kSum + 1, 2, 5>();
  } else {
    load<4>(columns);
    multiply<kSum, 2, 4>();
    load<5>(columns + kSecond);
    multiply<kSum + 1, 2, 5>();
  }
}

// Two registers into memory, one behind the other. A store waits for its products, and holds up the loads of tiles behind it:
// best late.
template <int kSum>
inline void store_two(float* to) {
  store<kSum>(to);
  store<kSum + 1>(to + kSide * kSide);
}

// Adds to tile register kSum the product of A and B, each stored as kParts tiles, small parts first. Uses registers 2 to 5.
template <int kParts, int kSum>
inline void multiply_parts(const char* a, const char* b) {
  load<2>(a);
  if constexpr (kParts == 3) {
    load<3>(b + 2 * kTileBytes);
    multiply<kSum, 2, 3>();
    load<5>(a + 2 * kTileBytes);
    load<3>(b);
    multiply<kSum, 5, 3>();
    load<5>(a + kTileBytes);
    load<4>(b + kTileBytes);
    multiply<kSum, 5, 4>();
    multiply<kSum, 2, 4>();
    multiply<kSum, 5, 3>();
    multiply<kSum, 2, 3>();
  } else {
    load<3>(b);
    multiply<kSum, 2, 3>();
  }
}

}  // namespace cf::cpu::tiles
CF_TILES_END

#endif
