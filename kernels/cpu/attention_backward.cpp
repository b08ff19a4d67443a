// Attention backward with recomputed probabilities, in one pass over the pairs of tokens. Vectors run over a panel of keys, whose
// gradients are summed in place while queries pass by in blocks. Gradients of queries are sums over panels: the keys are cut into
// pieces that do not depend on the number of threads, each with sums of its own, which are added in order.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_backward.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/attention-inl.h"
#include "kernels/cpu/attention_problem.h"
#include "kernels/cpu/float_buffer.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

// Queries of a block: its probabilities and their gradients, 2 x 48 x 48 floats, stay in the first cache.
constexpr std::int64_t kQueries = 48;
// Keys are cut into pieces of about this many, but not into more than kMostPieces, so that memory grows with the tokens only.
constexpr std::int64_t kPieceKeys = 512;
constexpr std::int64_t kMostPieces = 8;

// What the passes share.
struct BackwardPlan {
  const AttentionProblem& p;
  std::int64_t heads;   // of all images
  std::int64_t pieces;  // of each head's keys
  std::int64_t row;     // floats per token of `dq`: d, a multiple of lanes()
  FloatBuffer lse;      // (heads, T) in units of log 2
  FloatBuffer mean;     // (heads, T) sum of dout * out, which is that of probability * its gradient
  FloatBuffer dq;       // (heads, pieces, T, row) without the scale

  explicit BackwardPlan(const AttentionProblem& problem)
      : p(problem),
        heads(p.size.images * p.size.heads()),
        pieces(std::clamp<std::int64_t>(p.size.tokens / kPieceKeys, 1, kMostPieces)),
        row(pad_to_lanes(p.size.d)),
        lse(heads * p.size.tokens),
        mean(heads * p.size.tokens),
        dq(p.dq != nullptr ? heads * pieces * p.size.tokens * row : 0) {}

  // The first channel of a token.
  std::int64_t at(std::int64_t head, std::int64_t token) const {
    return p.size.at(head / p.size.heads(), head % p.size.heads(), token);
  }
  // In whole panels, the last one's rest aside.
  std::int64_t first_key(std::int64_t piece) const {
    const std::int64_t panels = (p.size.tokens + panel() - 1) / panel();
    return std::min(panels * piece / pieces * panel(), p.size.tokens);
  }
};

void prepare(const BackwardPlan& plan) {
  const AttentionProblem& p = plan.p;
  parallel_for(plan.heads * p.size.tokens, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t from = plan.at(i / p.size.tokens, i % p.size.tokens);
      float sum = 0;
      for (std::int64_t c = 0; c < p.size.d; ++c) sum += p.dout[from + c] * p.saved_out[from + c];
      plan.mean[i] = sum;
      plan.lse[i] = p.saved_lse[i] * kLog2E;
    }
  });
}

// A panel of keys.
struct Panel {
  FloatBuffer k, v, dk, dv;     // [channel][key]; k with the scale, for scores in units of log 2
  FloatBuffer rows;             // [key][channel] of k, padded
  FloatBuffer probability, ds;  // [query][key]

  Panel(std::int64_t d, std::int64_t row)
      : k(d * panel()),
        v(d * panel()),
        dk(d * panel()),
        dv(d * panel()),
        rows(panel() * row),
        probability(kQueries * panel()),
        ds(kQueries * panel()) {}

  void start(const BackwardPlan& plan, std::int64_t from, std::int64_t keys) {
    const AttentionProblem& p = plan.p;
    const std::int64_t d = p.size.d;
    transpose_panel(p.k + from, p.size.channels, keys, d, p.scale * kLog2E, k.data());
    transpose_panel(p.v + from, p.size.channels, keys, d, 1, v.data());
    for (std::int64_t j = 0; j < keys; ++j) std::copy_n(p.k + from + j * p.size.channels, d, rows.data() + j * plan.row);
    std::fill_n(dk.data(), dk.size(), 0.0F);
    std::fill_n(dv.data(), dv.size(), 0.0F);
  }
};

// dV = P^T dO, dP = dO V^T, dS = P (dP - rowsum(dO O)), dQ = dS K, dK = dS^T Q, the last two yet without the scale.
template <int kDim>
HWY_INLINE void pass(const BackwardPlan& plan, Panel& s, std::int64_t keys, std::int64_t head, std::int64_t first,
                     std::int64_t queries, float* dq) {
  const F32 f;
  const AttentionProblem& p = plan.p;
  const std::int64_t d = kDim > 0 ? kDim : p.size.d;
  const std::int64_t channels = p.size.channels;
  const float* q = p.q + plan.at(head, first);
  const float* dout = p.dout + plan.at(head, first);
  const float* lse = plan.lse.data() + head * p.size.tokens + first;
  const float* mean = plan.mean.data() + head * p.size.tokens + first;
  micro_columns<kPanel>({q, channels, 1}, queries, d, s.k.data(), panel(), [&](std::int64_t i, int v, Vec score) HWY_ATTR {
    hn::Store(exp2_near(f, hn::Sub(score, hn::Set(f, lse[i]))), f, s.probability.data() + i * panel() + v * lanes());
  });
  if (p.dv != nullptr) {
    micro_columns<kPanel>({dout, 1, channels}, d, queries, s.probability.data(), panel(), AddTo{s.dv.data(), panel()});
  }
  if (p.dq == nullptr && p.dk == nullptr) return;
  micro_columns<kPanel>({dout, channels, 1}, queries, d, s.v.data(), panel(), [&](std::int64_t i, int v, Vec dp) HWY_ATTR {
    const std::int64_t at = i * panel() + v * lanes();
    hn::Store(hn::Mul(hn::Load(f, s.probability.data() + at), hn::Sub(dp, hn::Set(f, mean[i]))), f, s.ds.data() + at);
  });
  if (p.dk != nullptr) {
    micro_columns<kPanel>({q, 1, channels}, d, queries, s.ds.data(), panel(), AddTo{s.dk.data(), panel()});
  }
  if (p.dq != nullptr) {
    micro_gemm({s.ds.data(), panel(), 1}, queries, keys, s.rows.data(), plan.row, dq + first * plan.row, plan.row, plan.row);
  }
}

// The keys of one piece of one head.
template <int kDim>
void run_piece(const BackwardPlan& plan, Panel& s, std::int64_t head, std::int64_t piece) {
  const AttentionProblem& p = plan.p;
  const AttentionSizes& z = p.size;
  float* dq = plan.dq.data() + (p.dq != nullptr ? (head * plan.pieces + piece) * z.tokens * plan.row : 0);
  const std::int64_t end = plan.first_key(piece + 1);
  for (std::int64_t j = plan.first_key(piece); j < end; j += panel()) {
    const std::int64_t keys = std::min(panel(), end - j);
    const std::int64_t at = plan.at(head, j);
    s.start(plan, at, keys);
    for (std::int64_t i = 0; i < z.tokens; i += kQueries) {
      pass<kDim>(plan, s, keys, head, i, std::min(kQueries, z.tokens - i), dq);
    }
    if (p.dk != nullptr) untranspose_panel(s.dk.data(), keys, z.d, p.scale, p.dk + at, z.channels);
    if (p.dv != nullptr) untranspose_panel(s.dv.data(), keys, z.d, 1, p.dv + at, z.channels);
  }
}

void add_pieces(const BackwardPlan& plan) {
  const AttentionProblem& p = plan.p;
  const std::int64_t tokens = p.size.tokens;
  parallel_for(plan.heads * tokens, 2048, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t head = i / tokens;
      const float* from = plan.dq.data() + (head * plan.pieces * tokens + i % tokens) * plan.row;
      float* to = p.dq + plan.at(head, i % tokens);
      for (std::int64_t c = 0; c < p.size.d; ++c) {
        float sum = 0;
        for (std::int64_t piece = 0; piece < plan.pieces; ++piece) sum += from[piece * tokens * plan.row + c];
        to[c] = p.scale * sum;
      }
    }
  });
}

void backward(const AttentionProblem& p) {
  const BackwardPlan plan(p);
  prepare(plan);
  const std::int64_t grain = 1 + 65536 / (p.size.tokens * (1 + p.size.tokens / plan.pieces));
  parallel_for(plan.heads * plan.pieces, grain, [&](std::int64_t begin, std::int64_t end) {
    Panel s(p.size.d, plan.row);
    with_head_dim(p.size.d, [&](auto d) {
      for (std::int64_t i = begin; i < end; ++i) run_piece<d()>(plan, s, i / plan.pieces, i % plan.pieces);
    });
  });
  if (p.dq != nullptr) add_pieces(plan);
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {
HWY_EXPORT(backward);
}

void attention_backward(const AttentionProblem& p) { HWY_DYNAMIC_DISPATCH(backward)(p); }

}  // namespace cf::cpu
#endif
