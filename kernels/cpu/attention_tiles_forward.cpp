// Attention forward on matrix units. A block of 32 queries meets 32 keys at a time: their scores come from the matrix units, keys
// down and queries across, vectors exponentiate them and cut them into parts, the matrix units weigh the values. The queries are
// two halves, so that vectors and matrix units work at the same time: while the ones have one half, the others have the other.
//
// Softmax needs a number per query that no score exceeds by much. Where |query| * |longest key| is small, as behind a layer
// normalisation, it is 0; else the maximum, found by computing the scores once more beforehand.
#include "framework/core/parallel.h"
#include "framework/core/storage.h"
#include "kernels/cpu/attention_tiles.h"
#include "kernels/cpu/float_buffer.h"

#if CF_HAVE_MATRIX_TILES

#include <cmath>
#include <memory>

CF_TILES_BEGIN
namespace cf::cpu::tiles {
namespace {

// Scores, in units of log 2, that need no maximum: sums and parts of 2^score stay far from the ends of the exponent's range.
constexpr float kUnshifted = 40;
// Below every score.
constexpr float kNoScore = -1e30F;
// Blocks of keys after which sums are brought to memory: f32 sums of a thousand terms lose more than sums of sums.
constexpr std::int64_t kChunk = 8;
// Blocks of queries that pass a chunk of keys while it is in the cache.
constexpr std::int64_t kTogether = 4;
// Bytes of packed keys and values that are kept at a time, but at least those of one head.
constexpr std::int64_t kPackedBytes = std::int64_t{4} << 20U;

// Keys and values of some heads.
template <int kParts>
struct Packed {
  static constexpr std::int64_t kBytes = Layout<kParts>::kRows + Layout<kParts>::kAcross;

  std::int64_t blocks;  // of a head
  Storage bytes;
  FloatBuffer norms;

  Packed(std::int64_t heads, std::int64_t head_blocks)
      : blocks(head_blocks), bytes(static_cast<std::size_t>(heads * head_blocks * kBytes), Device{}), norms(heads * blocks) {}

  char* keys(std::int64_t head, std::int64_t block) const {
    return static_cast<char*>(bytes.data()) + (head * blocks + block) * kBytes;
  }
  char* values(std::int64_t head, std::int64_t block) const { return keys(head, block) + Layout<kParts>::kRows; }
};

// The largest |token|^2.
float largest_square(const Tokens& t) {
  float most = 0;
  for (std::int64_t i = 0; i < std::min(t.count, kBlock); ++i) {
    const __m512 x = token(t, i);
    const float square = _mm512_reduce_add_ps(_mm512_mul_ps(x, x));
    most = std::max(most, square);
  }
  return most;
}

// A block of queries on its way through the keys.
template <int kParts>
struct Queries {
  alignas(64) char columns[Layout<kParts>::kColumns];
  alignas(64) float minus_top[kBlock];
  alignas(64) float sum[kBlock];
  alignas(64) float out[kSide][kBlock];  // [channel][query]
  bool shifted;
};

template <int kParts>
struct Scratch {
  // A load waits for an earlier store whose address has the same last 12 bits, so the buffers lie such that scores are never read
  // beside a store of that kind.
  alignas(4096) float scores[2][kBlock][kSide];  // [half][key][query]
  char apart[2048];
  alignas(2048) char first_half[kParts * kTileBytes];  // of the probabilities, B: keys 2r and 2r + 1 in row r
  alignas(4096) char second_half[kParts * kTileBytes];
  alignas(64) float fresh[2][kSide][kSide];
  Queries<kParts> queries[kTogether];

  char* probabilities(int half) { return half == 0 ? first_half : second_half; }
};

// One block of queries and a run of blocks of keys.
template <int kParts>
struct Run {
  Queries<kParts>& q;
  Scratch<kParts>& s;
  const Packed<kParts>& packed;
  std::int64_t head, first, count;
  std::int64_t rest;  // keys of the head's last block

  const char* keys(std::int64_t i) const { return packed.keys(head, first + i); }
  const char* values(std::int64_t i) const { return packed.values(head, first + i); }
};

// Half a block of scores; place() ends it.
template <int kParts, int kStride>
inline void score(const Run<kParts>& run, std::int64_t i, int half) {
  const float* start = run.q.shifted ? run.q.minus_top + half * kSide : nullptr;
  const char* columns = run.q.columns + half * (Layout<kParts>::kColumns / 2);
  TokenProduct::tall<kParts>(run.keys(i), columns, start).template stride<kParts, 0, kStride>();
}

template <int kParts>
inline void score(const Run<kParts>& run, std::int64_t i, int half) {
  score<kParts, 0>(run, i, half);
  score<kParts, 1>(run, i, half);
  score<kParts, 2>(run, i, half);
}

template <int kParts>
inline void place(const Run<kParts>& run, std::int64_t i, int half) {
  store_two<0>(run.s.scores[half][0]);
  if (run.first + i + 1 < run.packed.blocks) return;
  for (std::int64_t j = run.rest; j < kBlock; ++j) std::fill_n(run.s.scores[half][j], kSide, kNoScore);
}

// 8 of a half's keys: 2^score, summed and cut into parts.
template <int kParts>
inline __m512 exponentiate(Scratch<kParts>& s, int half, int quarter, __m512 sum) {
  constexpr int kVectors = 8;
  __m512 e[kVectors];
  for (int i = 0; i < kVectors; ++i) e[i] = _mm512_load_ps(s.scores[half][kVectors * quarter + i]);
  exp2(e);
  for (int i = 0; i < kVectors; i += 2) {
    const Parts<kParts> a = split<kParts>(e[i]);
    const Parts<kParts> b = split<kParts>(e[i + 1]);
    char* row = s.probabilities(half) + (kVectors * quarter + i) / 2 * kRowBytes;
    for (int p = 0; p < kParts; ++p) _mm512_store_si512(row + p * kTileBytes, interleave(a.part[p], b.part[p]));
  }
  return _mm512_add_ps(sum, _mm512_add_ps(_mm512_add_ps(_mm512_add_ps(e[0], e[1]), _mm512_add_ps(e[2], e[3])),
                                          _mm512_add_ps(_mm512_add_ps(e[4], e[5]), _mm512_add_ps(e[6], e[7]))));
}

template <int kParts, int kHalf, int kStride>
inline void weigh(const Run<kParts>& run, std::int64_t i) {
  multiply_parts<kParts, 6 + kHalf, kStride>(run.values(i), run.s.probabilities(kHalf));
}

// Vectors on half kHalf of block i; matrix units on the scores of the other half, of block `next` (none: -1), and on the weights
// of the other half, of block `last` (none: -1).
template <int kParts, int kHalf>
inline __m512 phase(const Run<kParts>& run, std::int64_t next, std::int64_t last, __m512 sum) {
  constexpr int kOther = 1 - kHalf;
  if (next >= 0) score<kParts, 0>(run, next, kOther);
  sum = exponentiate(run.s, kHalf, 0, sum);
  if (next >= 0) score<kParts, 1>(run, next, kOther);
  if (last >= 0) weigh<kParts, kOther, 0>(run, last);
  sum = exponentiate(run.s, kHalf, 1, sum);
  if (next >= 0) score<kParts, 2>(run, next, kOther);
  if (last >= 0) weigh<kParts, kOther, 1>(run, last);
  sum = exponentiate(run.s, kHalf, 2, sum);
  if (last >= 0) weigh<kParts, kOther, 2>(run, last);
  if (next >= 0) place(run, next, kOther);
  return exponentiate(run.s, kHalf, 3, sum);
}

template <int kParts>
void attend(const Run<kParts>& run) {
  __m512 sum[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  zero<6>();
  zero<7>();
  score(run, 0, 0);
  place(run, 0, 0);
  for (std::int64_t i = 0; i < run.count; ++i) {
    sum[0] = phase<kParts, 0>(run, i, i - 1, sum[0]);
    sum[1] = phase<kParts, 1>(run, i + 1 < run.count ? i + 1 : -1, i, sum[1]);
  }
  const std::int64_t last = run.count - 1;
  weigh<kParts, 1, 0>(run, last);
  weigh<kParts, 1, 1>(run, last);
  weigh<kParts, 1, 2>(run, last);
  store<6>(run.s.fresh[0]);
  store<7>(run.s.fresh[1]);
  Queries<kParts>& q = run.q;
  const auto add = [](float* to, __m512 x) { _mm512_store_ps(to, _mm512_add_ps(_mm512_load_ps(to), x)); };
  for (int half = 0; half < 2; ++half) {
    add(q.sum + half * kSide, sum[half]);
    for (int c = 0; c < kSide; ++c) add(q.out[c] + half * kSide, _mm512_load_ps(run.s.fresh[half][c]));
  }
}

// minus_top = -max of the scores; the run is over all keys.
template <int kParts>
void find_top(const Run<kParts>& run) {
  __m512 top[2] = {_mm512_set1_ps(kNoScore), _mm512_set1_ps(kNoScore)};
  for (std::int64_t i = 0; i < run.count; ++i) {
    for (int half = 0; half < 2; ++half) {
      score(run, i, half);
      place(run, i, half);
      for (int j = 0; j < kBlock; ++j) top[half] = _mm512_max_ps(top[half], _mm512_load_ps(run.s.scores[half][j]));
    }
  }
  for (int half = 0; half < 2; ++half) {
    _mm512_store_ps(run.q.minus_top + half * kSide, _mm512_sub_ps(_mm512_setzero_ps(), top[half]));
  }
}

template <int kParts>
void start(Queries<kParts>& q, const Tokens& t, float longest_key) {
  pack_columns<kParts>(t, q.columns);
  std::fill_n(q.minus_top, kBlock, 0.0F);
  std::fill_n(q.sum, kBlock, 0.0F);
  std::fill_n(q.out[0], kSide * kBlock, 0.0F);
  q.shifted = !(std::sqrt(largest_square(t)) * longest_key <= kUnshifted);
}

// The results of `count` queries, or of all where there are as many.
template <int kParts>
void finish(const Queries<kParts>& q, float* out, std::int64_t out_row, std::int64_t d, float* lse, std::int64_t count) {
  const auto wanted = static_cast<__mmask16>((1U << d) - 1);
  for (std::int64_t first = 0; first < std::min(count, kBlock); first += kSide) {
    const __m512 factor = _mm512_div_ps(_mm512_set1_ps(1), _mm512_load_ps(q.sum + first));
    __m512 rows[kSide];
    for (int c = 0; c < kSide; ++c) rows[c] = _mm512_mul_ps(_mm512_load_ps(q.out[c] + first), factor);
    transpose(rows);
    for (std::int64_t i = 0; i < std::min(kSide, count - first); ++i) {
      _mm512_mask_storeu_ps(out + (first + i) * out_row, wanted, rows[i]);
      lse[first + i] = std::log(q.sum[first + i]) - kLn2 * q.minus_top[first + i];
    }
  }
}

// Some heads, those of `packed`, the first of which is `first_head` of all images.
template <int kParts>
class Heads {
 public:
  Heads(const AttentionProblem& problem, const Packed<kParts>& storage, std::int64_t first)
      : p_(problem), packed_(storage), first_head_(first) {}

  void pack(std::int64_t head, std::int64_t block) const {
    const Tokens k = tokens(p_.k, head, block, 1);
    pack_rows<kParts>(k, packed_.keys(head, block));
    pack_across<kParts>(tokens(p_.v, head, block, 1), packed_.values(head, block));
    packed_.norms[head * packed_.blocks + block] = largest_square(k);
  }

  // Blocks [begin, end) of queries, at most kTogether.
  void attend_to_all(Scratch<kParts>& s, std::int64_t head, std::int64_t begin, std::int64_t end) const {
    const std::int64_t keys = packed_.blocks;
    const auto run = [&](std::int64_t block, std::int64_t first, std::int64_t count) {
      return Run<kParts>{s.queries[block - begin], s, packed_, head, first, count, p_.size.tokens - (keys - 1) * kBlock};
    };
    const float longest = longest_key(head);
    for (std::int64_t b = begin; b < end; ++b) {
      start(s.queries[b - begin], tokens(p_.q, head, b, p_.scale * kLog2E), longest);
      if (s.queries[b - begin].shifted) find_top(run(b, 0, keys));
    }
    for (std::int64_t first = 0; first < keys; first += kChunk) {
      for (std::int64_t b = begin; b < end; ++b) cf::cpu::tiles::attend(run(b, first, std::min(kChunk, keys - first)));
    }
    for (std::int64_t b = begin; b < end; ++b) {
      finish(s.queries[b - begin], p_.out + at(head, b), p_.size.channels, p_.size.d,
             p_.lse + (first_head_ + head) * p_.size.tokens + b * kBlock, p_.size.tokens - b * kBlock);
    }
  }

 private:
  std::int64_t at(std::int64_t head, std::int64_t block) const {
    const std::int64_t of_all = first_head_ + head;
    return p_.size.at(of_all / p_.size.heads(), of_all % p_.size.heads(), block * kBlock);
  }
  Tokens tokens(const float* x, std::int64_t head, std::int64_t block, float factor) const {
    return {x + at(head, block), p_.size.channels, p_.size.tokens - block * kBlock, p_.size.d, factor};
  }
  float longest_key(std::int64_t head) const {
    const float* norms = packed_.norms.data() + head * packed_.blocks;
    return std::sqrt(*std::max_element(norms, norms + packed_.blocks));
  }

  const AttentionProblem& p_;
  const Packed<kParts>& packed_;
  std::int64_t first_head_;
};

template <int kParts>
void forward(const AttentionProblem& p) {
  const std::int64_t heads = p.size.images * p.size.heads();
  const std::int64_t blocks = blocks_of(p.size.tokens);
  const std::int64_t at_once = std::clamp<std::int64_t>(kPackedBytes / (blocks * Packed<kParts>::kBytes), 1, heads);
  const std::int64_t items = (blocks + kTogether - 1) / kTogether;  // of a head's queries
  const std::int64_t grain = 1 + 64 / (blocks * kTogether);
  const Packed<kParts> packed(at_once, blocks);
  for (std::int64_t first = 0; first < heads; first += at_once) {
    const std::int64_t count = std::min(at_once, heads - first);
    const Heads<kParts> some(p, packed, first);
    parallel_for(count * blocks, 32, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) some.pack(i / blocks, i % blocks);
    });
    parallel_for(count * items, grain, [&](std::int64_t begin, std::int64_t end) {
      const auto scratch = std::make_unique<Scratch<kParts>>();
      const Registers registers;
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t block = i % items * kTogether;
        some.attend_to_all(*scratch, i / items, block, std::min(block + kTogether, blocks));
      }
    });
  }
}

}  // namespace
}  // namespace cf::cpu::tiles
CF_TILES_END

#endif

namespace cf::cpu {

void attention_forward_tiles(const AttentionProblem& p, bool one_part) {
#if CF_HAVE_MATRIX_TILES
  one_part ? tiles::forward<1>(p) : tiles::forward<3>(p);
#else
  static_cast<void>(p);
  static_cast<void>(one_part);
#endif
}

}  // namespace cf::cpu
