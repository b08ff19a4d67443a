// Attention backward on matrix units, with recomputed probabilities. As by vectors (attention_backward.cpp): a panel of keys
// keeps its gradients while blocks of queries pass by, and the keys of a head are cut into pieces that do not depend on the
// number of threads, each with sums of its own for the gradients of the queries.
//
// A step is a block of 32 keys and one of 32 queries, in two halves of 16 keys. While vectors turn the scores of one half into
// probabilities and their gradients, the matrix units make the scores of the next and use the results of the one before.
#include "framework/core/parallel.h"
#include "framework/core/storage.h"
#include "kernels/cpu/attention_tiles.h"

#if CF_HAVE_MATRIX_TILES

#include <memory>
#include <optional>

CF_TILES_BEGIN
namespace cf::cpu::tiles {
namespace {

constexpr float kNoScore = -1e30F;  // below every score
constexpr std::int64_t kPanel = 2;  // blocks of keys that a block of queries meets while it is in the cache
constexpr std::int64_t kPieceBlocks = 16;
constexpr std::int64_t kMostPieces = 8;
constexpr std::int64_t kSums = kSide * kSide;  // floats of a tile
// Bytes of packed queries and sums that are kept at a time, but at least those of one head.
constexpr std::int64_t kPackedBytes = std::int64_t{8} << 20U;

// A block of queries and what came back for it, packed.
template <int kParts>
struct alignas(64) Queries {
  char q_columns[Layout<kParts>::kColumns];  // times scale and log2 e
  char dout_columns[Layout<kParts>::kColumns];
  char q_pairs[Layout<kParts>::kPairs];
  char dout_pairs[Layout<kParts>::kPairs];
  float minus_lse[kBlock];   // in units of log 2
  float minus_mean[kBlock];  // of sum dout * out, which is that of probability * its gradient
};

// A block of keys and the sums of its gradients.
template <int kParts>
struct alignas(64) Keys {
  char k_rows[Layout<kParts>::kRows];
  char v_rows[Layout<kParts>::kRows];
  char k_across[Layout<kParts>::kAcross];
  float dk[2][kSums];  // [half][key][channel]
  float dv[2][kSums];
  std::int64_t count;  // keys that there are
};

// What vectors and matrix units exchange, by half of the keys.
template <int kParts>
struct Exchange {
  alignas(4096) float scores[2][2][kSide][kSide];       // [half][half of the queries][key][query]
  alignas(64) float dp[2][2][kSide][kSide];             // gradient of the probability, less the query's mean
  alignas(64) char p_rows[2][kParts * kTileBytes];      // A: a row per key, queries i and i + 16 interleaved
  alignas(64) char ds_rows[2][kParts * kTileBytes];     // gradients of the scores
  alignas(64) char ds_columns[2][kParts * kTileBytes];  // of half the queries, B: a column per query, keys 2r and 2r + 1 in row r
  Keys<kParts> keys[kPanel];
};

struct Wanted {
  bool dq, dk, dv;
};

template <int kParts>
struct Step {
  const Queries<kParts>* q;
  Keys<kParts>* k;
  float* dq;  // two tiles, [half of the queries][channel][query]
};

template <int kParts>
inline void score(const Step<kParts>& s, int half) {
  const char* rows = s.k->k_rows + half * (Layout<kParts>::kRows / 2);
  multiply_tokens<kParts, 0>(TokenProduct::wide<kParts>(rows, s.q->q_columns, s.q->minus_lse));
}

template <int kParts>
inline void place_scores(Exchange<kParts>& x, const Step<kParts>& s, int half) {
  store_two<0>(x.scores[half][0][0]);
  for (std::int64_t j = std::max<std::int64_t>(0, s.k->count - half * kSide); j < kSide; ++j) {
    for (int queries = 0; queries < 2; ++queries) std::fill_n(x.scores[half][queries][j], kSide, kNoScore);
  }
}

template <int kParts>
inline void probability_gradient(const Step<kParts>& s, int half) {
  const char* rows = s.k->v_rows + half * (Layout<kParts>::kRows / 2);
  multiply_tokens<kParts, 6>(TokenProduct::wide<kParts>(rows, s.q->dout_columns, s.q->minus_mean));
}

// dV += P^T dO and dK += dS^T Q of half a block of keys, the latter without the scale.
template <int kParts>
inline void key_gradients(const Exchange<kParts>& x, const Step<kParts>& s, int half, const Wanted& wanted) {
  if (wanted.dv) {
    load<6>(s.k->dv[half]);
    multiply_parts<kParts, 6>(x.p_rows[half], s.q->dout_pairs);
  }
  if (wanted.dk) {
    load<7>(s.k->dk[half]);
    multiply_parts<kParts, 7>(x.ds_rows[half], s.q->q_pairs);
  }
}

template <int kParts>
inline void place_key_gradients(const Step<kParts>& s, int half, const Wanted& wanted) {
  if (wanted.dv) store<6>(s.k->dv[half]);
  if (wanted.dk) store<7>(s.k->dk[half]);
}

// dQ += dS K, without the scale.
template <int kParts>
inline void query_gradients(const Exchange<kParts>& x, const Step<kParts>& s) {
  load<6>(s.dq);
  multiply_parts<kParts, 6>(s.k->k_across, x.ds_columns[0]);
  load<7>(s.dq + kSums);
  multiply_parts<kParts, 7>(s.k->k_across, x.ds_columns[1]);
}

// A quarter of a half's keys: P = 2^score, dS = P (dP - mean), in parts.
template <int kParts>
inline void vectors(Exchange<kParts>& x, int half, int quarter) {
  const auto put = [](char* tiles, int part, int row, __m512i value) {
    _mm512_store_si512(tiles + part * kTileBytes + row * kRowBytes, value);
  };
  const int first = 4 * quarter;
  __m512 p[8];  // [key][half of the queries]
  for (int i = 0; i < 8; ++i) p[i] = _mm512_load_ps(x.scores[half][i % 2][first + i / 2]);
  exp2(p);
  for (int i = 0; i < 4; ++i) {
    const Parts<kParts> a = split<kParts>(p[2 * i]);
    const Parts<kParts> b = split<kParts>(p[2 * i + 1]);
    for (int part = 0; part < kParts; ++part) put(x.p_rows[half], part, first + i, interleave(a.part[part], b.part[part]));
  }
  for (int pair = 0; pair < 2; ++pair) {
    Parts<kParts> ds[4];
    for (int i = 0; i < 4; ++i) {
      const __m512 dp = _mm512_load_ps(x.dp[half][i % 2][first + 2 * pair + i / 2]);
      ds[i] = split<kParts>(_mm512_mul_ps(p[4 * pair + i], dp));
    }
    for (int part = 0; part < kParts; ++part) {
      const auto of = [&](int i) { return ds[i].part[part]; };
      put(x.ds_rows[half], part, first + 2 * pair, interleave(of(0), of(1)));
      put(x.ds_rows[half], part, first + 2 * pair + 1, interleave(of(2), of(3)));
      const int row = 8 * half + first / 2 + pair;
      put(x.ds_columns[0], part, row, interleave(of(0), of(2)));
      put(x.ds_columns[1], part, row, interleave(of(1), of(3)));
    }
  }
}

// Vectors on half `half` of step `now`, matrix units on what is before and behind it.
template <int kParts>
inline void phase(Exchange<kParts>& x, const Step<kParts>& now, const Step<kParts>* before, const Step<kParts>* next, int half,
                  const Wanted& wanted) {
  const int other = 1 - half;
  const bool queries = half == 0 && before != nullptr && wanted.dq;  // must be read before vectors overwrite them
  if (queries) query_gradients(x, *before);
  if (next != nullptr) score(*next, other);
  if (queries) store_two<6>(before->dq);
  vectors(x, half, 0);
  if (next != nullptr) {
    probability_gradient(*next, other);
    place_scores(x, *next, other);
  }
  vectors(x, half, 1);
  if (next != nullptr) store_two<6>(x.dp[other][0][0]);
  const Step<kParts>* finished = half == 0 ? before : &now;
  if (finished != nullptr) key_gradients(x, *finished, other, wanted);
  vectors(x, half, 2);
  if (finished != nullptr) place_key_gradients(*finished, other, wanted);
  vectors(x, half, 3);
}

// All steps, in turn; step(i) is the i-th.
template <int kParts, class StepAt>
void run(Exchange<kParts>& x, std::int64_t steps, const Wanted& wanted, StepAt step) {
  std::optional<Step<kParts>> before;
  Step<kParts> now = step(0);
  score(now, 0);
  probability_gradient(now, 0);
  place_scores(x, now, 0);
  store_two<6>(x.dp[0][0][0]);
  for (std::int64_t i = 0; i < steps; ++i) {
    std::optional<Step<kParts>> next;
    if (i + 1 < steps) next = step(i + 1);
    phase(x, now, before ? &*before : nullptr, &now, 0, wanted);
    phase(x, now, before ? &*before : nullptr, next ? &*next : nullptr, 1, wanted);
    before = now;
    if (next) now = *next;
  }
  key_gradients(x, now, 1, wanted);
  place_key_gradients(now, 1, wanted);
  if (!wanted.dq) return;
  query_gradients(x, now);
  store_two<6>(now.dq);
}

// Some heads, the first of which is `first_head` of all images.
template <int kParts>
class Heads {
 public:
  Heads(const AttentionProblem& problem, std::int64_t most_heads)
      : p_(problem),
        blocks_(blocks_of(p_.size.tokens)),
        pieces_(pieces_of(blocks_)),
        wanted_{p_.dq != nullptr, p_.dk != nullptr, p_.dv != nullptr},
        queries_(static_cast<std::size_t>(most_heads * blocks_) * sizeof(Queries<kParts>), Device{}),
        dq_(static_cast<std::size_t>(wanted_.dq ? most_heads * pieces_ * blocks_ * 2 * kSums : 0) * sizeof(float), Device{}) {}

  static std::int64_t pieces_of(std::int64_t blocks) { return std::clamp<std::int64_t>(blocks / kPieceBlocks, 1, kMostPieces); }
  static std::int64_t bytes_of(std::int64_t blocks) {
    return blocks * (static_cast<std::int64_t>(sizeof(Queries<kParts>)) + pieces_of(blocks) * 2 * kSums * 4);
  }

  void start(std::int64_t first_head) { first_head_ = first_head; }
  std::int64_t blocks() const { return blocks_; }
  std::int64_t pieces() const { return pieces_; }

  void pack(std::int64_t head, std::int64_t block) const {
    Queries<kParts>& to = query(head, block);
    Tokens q = tokens(p_.q, head, block);
    const Tokens dout = tokens(p_.dout, head, block);
    const Tokens out = tokens(p_.saved_out, head, block);
    pack_pairs<kParts>(q, to.q_pairs);
    q.factor = p_.scale * kLog2E;
    pack_columns<kParts>(q, to.q_columns);
    pack_columns<kParts>(dout, to.dout_columns);
    pack_pairs<kParts>(dout, to.dout_pairs);
    const float* lse = p_.saved_lse + (first_head_ + head) * p_.size.tokens + block * kBlock;
    for (std::int64_t i = 0; i < kBlock; ++i) {
      to.minus_lse[i] = i < q.count ? -kLog2E * lse[i] : kNoScore;
      to.minus_mean[i] = -_mm512_reduce_add_ps(_mm512_mul_ps(token(dout, i), token(out, i)));
    }
  }

  void run_piece(Exchange<kParts>& x, std::int64_t head, std::int64_t piece) const {
    float* dq = sums(head, piece, 0);
    if (wanted_.dq) std::fill_n(dq, blocks_ * 2 * kSums, 0.0F);
    const std::int64_t end = blocks_ * (piece + 1) / pieces_;
    for (std::int64_t first = blocks_ * piece / pieces_; first < end; first += kPanel) {
      const std::int64_t count = std::min(kPanel, end - first);
      for (std::int64_t i = 0; i < count; ++i) take(x.keys[i], head, first + i);
      tiles::run(x, blocks_ * count, wanted_, [&](std::int64_t i) {
        return Step<kParts>{&query(head, i / count), &x.keys[i % count], dq + i / count * 2 * kSums};
      });
      for (std::int64_t i = 0; i < count; ++i) give(x.keys[i], head, first + i);
    }
  }

  // dQ of a block, its pieces added in order.
  void add_pieces(std::int64_t head, std::int64_t block) const {
    for (std::int64_t half = 0; half < 2; ++half) {
      __m512 rows[kSide];
      for (int c = 0; c < kSide; ++c) {
        rows[c] = _mm512_setzero_ps();
        for (std::int64_t piece = 0; piece < pieces_; ++piece) {
          rows[c] = _mm512_add_ps(rows[c], _mm512_load_ps(sums(head, piece, block) + half * kSums + c * kSide));
        }
      }
      transpose(rows);
      write(rows, p_.dq + at(head, block) + half * kSide * p_.size.channels, p_.size.tokens - block * kBlock - half * kSide,
            p_.scale);
    }
  }

 private:
  Queries<kParts>& query(std::int64_t head, std::int64_t block) const {
    return static_cast<Queries<kParts>*>(queries_.data())[head * blocks_ + block];
  }
  float* sums(std::int64_t head, std::int64_t piece, std::int64_t block) const {
    return static_cast<float*>(dq_.data()) + ((head * pieces_ + piece) * blocks_ + block) * 2 * kSums;
  }
  std::int64_t at(std::int64_t head, std::int64_t block) const {
    const std::int64_t of_all = first_head_ + head;
    return p_.size.at(of_all / p_.size.heads(), of_all % p_.size.heads(), block * kBlock);
  }
  Tokens tokens(const float* x, std::int64_t head, std::int64_t block) const {
    return {x + at(head, block), p_.size.channels, p_.size.tokens - block * kBlock, p_.size.d};
  }

  void take(Keys<kParts>& to, std::int64_t head, std::int64_t block) const {
    const Tokens k = tokens(p_.k, head, block);
    pack_rows<kParts>(k, to.k_rows);
    pack_rows<kParts>(tokens(p_.v, head, block), to.v_rows);
    pack_across<kParts>(k, to.k_across);
    std::fill_n(to.dk[0], 2 * kSums, 0.0F);
    std::fill_n(to.dv[0], 2 * kSums, 0.0F);
    to.count = std::min(kBlock, k.count);
  }
  void give(const Keys<kParts>& from, std::int64_t head, std::int64_t block) const {
    for (std::int64_t half = 0; half < 2; ++half) {
      const std::int64_t to = at(head, block) + half * kSide * p_.size.channels;
      const std::int64_t count = from.count - half * kSide;
      if (wanted_.dk) write(from.dk[half], p_.dk + to, count, p_.scale);
      if (wanted_.dv) write(from.dv[half], p_.dv + to, count, 1);
    }
  }
  void write(const float* tile, float* to, std::int64_t count, float factor) const {
    __m512 rows[kSide];
    for (int i = 0; i < kSide; ++i) rows[i] = _mm512_load_ps(tile + i * kSide);
    write(rows, to, count, factor);
  }
  void write(const __m512 (&rows)[kSide], float* to, std::int64_t count, float factor) const {
    const auto channels = static_cast<__mmask16>((1U << p_.size.d) - 1);
    for (std::int64_t i = 0; i < std::min(kSide, count); ++i) {
      _mm512_mask_storeu_ps(to + i * p_.size.channels, channels, _mm512_mul_ps(rows[i], _mm512_set1_ps(factor)));
    }
  }

  const AttentionProblem& p_;
  std::int64_t blocks_, pieces_;
  std::int64_t first_head_ = 0;
  Wanted wanted_;
  Storage queries_;  // (head, block)
  Storage dq_;       // floats (head, piece, block, 2, kSums)
};

template <int kParts>
void backward(const AttentionProblem& p) {
  const std::int64_t heads = p.size.images * p.size.heads();
  const std::int64_t at_once =
      std::clamp<std::int64_t>(kPackedBytes / Heads<kParts>::bytes_of(blocks_of(p.size.tokens)), 1, heads);
  Heads<kParts> some(p, at_once);
  const std::int64_t blocks = some.blocks();
  const std::int64_t pieces = some.pieces();
  for (std::int64_t first = 0; first < heads; first += at_once) {
    const std::int64_t count = std::min(at_once, heads - first);
    some.start(first);
    parallel_for(count * blocks, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) some.pack(i / blocks, i % blocks);
    });
    parallel_for(count * pieces, 1 + 64 / (blocks * blocks), [&](std::int64_t begin, std::int64_t end) {
      const auto exchange = std::make_unique<Exchange<kParts>>();
      const Registers registers;
      for (std::int64_t i = begin; i < end; ++i) some.run_piece(*exchange, i / pieces, i % pieces);
    });
    if (p.dq == nullptr) continue;
    parallel_for(count * blocks, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) some.add_pieces(i / blocks, i % blocks);
    });
  }
}

}  // namespace
}  // namespace cf::cpu::tiles
CF_TILES_END

#endif

namespace cf::cpu {

void attention_backward_tiles(const AttentionProblem& p, bool one_part) {
#if CF_HAVE_MATRIX_TILES
  one_part ? tiles::backward<1>(p) : tiles::backward<3>(p);
#else
  static_cast<void>(p);
  static_cast<void>(one_part);
#endif
}

}  // namespace cf::cpu
