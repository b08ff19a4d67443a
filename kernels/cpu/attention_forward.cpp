// Attention forward in the manner of FlashAttention (Dao et al., NeurIPS 2022): for a panel of queries, keys pass by in blocks,
// and the softmax is kept as a running maximum, sum and weighted mean. Vectors run over the queries, so that maxima and sums
// need nothing across lanes.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_forward.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/attention-inl.h"
#include "kernels/cpu/attention_problem.h"
#include "kernels/cpu/float_buffer.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

// Keys of a block: its scores, 64 x 48 floats, stay in the first cache.
constexpr std::int64_t kKeys = 64;

// One panel of queries; scores are in units of log 2, so that 2^x is all it takes.
struct Softmax {
  FloatBuffer q, scores, out, peak, sum;

  explicit Softmax(std::int64_t d) : q(d * panel()), scores(kKeys * panel()), out(d * panel()), peak(panel()), sum(panel()) {}

  void start(const AttentionProblem& p, const float* queries, std::int64_t count) {
    transpose_panel(queries, p.size.channels, count, p.size.d, p.scale * kLog2E, q.data());
    std::fill_n(out.data(), out.size(), 0.0F);
    std::fill_n(sum.data(), sum.size(), 0.0F);
    std::fill_n(peak.data(), peak.size(), -std::numeric_limits<float>::infinity());
  }
};

// The maxima become `top`: what was summed relative to the old ones is brought to the new.
HWY_INLINE void raise_peak(Softmax& s, const Vec (&top)[kPanel], std::int64_t d) {
  const F32 f;
  for (int v = 0; v < kPanel; ++v) {
    const std::int64_t at = v * lanes();
    const Vec factor = exp2_near(f, hn::Sub(hn::Load(f, s.peak.data() + at), top[v]));
    hn::Store(top[v], f, s.peak.data() + at);
    hn::Store(hn::Mul(hn::Load(f, s.sum.data() + at), factor), f, s.sum.data() + at);
    for (std::int64_t c = 0; c < d; ++c) {
      float* to = s.out.data() + c * panel() + at;
      hn::Store(hn::Mul(hn::Load(f, to), factor), f, to);
    }
  }
}

// Scores become probabilities times the softmax's denominator.
HWY_INLINE void exponentiate(Softmax& s, const Vec (&top)[kPanel], std::int64_t keys) {
  const F32 f;
  Vec sum[kPanel];
  for (int v = 0; v < kPanel; ++v) sum[v] = hn::Load(f, s.sum.data() + v * lanes());
  for (std::int64_t j = 0; j < keys; ++j) {
    for (int v = 0; v < kPanel; ++v) {
      float* at = s.scores.data() + j * panel() + v * lanes();
      const Vec e = exp2_near(f, hn::Sub(hn::Load(f, at), top[v]));
      sum[v] = hn::Add(sum[v], e);
      hn::Store(e, f, at);
    }
  }
  for (int v = 0; v < kPanel; ++v) hn::Store(sum[v], f, s.sum.data() + v * lanes());
}

template <int kDim>
HWY_INLINE void attend(const AttentionProblem& p, Softmax& s, const float* k, const float* v, std::int64_t keys) {
  const F32 f;
  const std::int64_t d = kDim > 0 ? kDim : p.size.d;
  Vec top[kPanel];
  for (int i = 0; i < kPanel; ++i) top[i] = hn::Load(f, s.peak.data() + i * lanes());
  micro_columns<kPanel>({k, p.size.channels, 1}, keys, d, s.q.data(), panel(), [&](std::int64_t j, int i, Vec score) HWY_ATTR {
    hn::Store(score, f, s.scores.data() + j * panel() + i * lanes());
    top[i] = hn::Max(top[i], score);
  });
  raise_peak(s, top, d);
  exponentiate(s, top, keys);
  micro_columns<kPanel>({v, 1, p.size.channels}, d, keys, s.scores.data(), panel(), AddTo{s.out.data(), panel()});
}

HWY_INLINE void finish(const AttentionProblem& p, Softmax& s, float* out, float* lse, std::int64_t count) {
  const F32 f;
  for (int v = 0; v < kPanel; ++v) {
    const Vec factor = hn::Div(hn::Set(f, 1.0F), hn::Load(f, s.sum.data() + v * lanes()));
    for (std::int64_t c = 0; c < p.size.d; ++c) {
      float* at = s.out.data() + c * panel() + v * lanes();
      hn::Store(hn::Mul(hn::Load(f, at), factor), f, at);
    }
  }
  untranspose_panel(s.out.data(), count, p.size.d, 1, out, p.size.channels);
  for (std::int64_t t = 0; t < count; ++t) lse[t] = kLn2 * s.peak[t] + std::log(s.sum[t]);
}

template <int kDim>
void forward_panels(const AttentionProblem& p) {
  const AttentionSizes& z = p.size;
  const std::int64_t panels = (z.tokens + panel() - 1) / panel();
  const std::int64_t grain = 1 + 65536 / (z.tokens * panel());
  parallel_for(z.images * z.heads() * panels, grain, [&](std::int64_t begin, std::int64_t end) {
    Softmax s(z.d);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t head = i / panels;  // of all images
      const std::int64_t first = i % panels * panel();
      const std::int64_t count = std::min(panel(), z.tokens - first);
      const auto at = [&](std::int64_t token) { return z.at(head / z.heads(), head % z.heads(), token); };
      s.start(p, p.q + at(first), count);
      for (std::int64_t j = 0; j < z.tokens; j += kKeys) {
        attend<kDim>(p, s, p.k + at(j), p.v + at(j), std::min(kKeys, z.tokens - j));
      }
      finish(p, s, p.out + at(first), p.lse + head * z.tokens + first, count);
    }
  });
}

void forward(const AttentionProblem& p) {
  with_head_dim(p.size.d, [&](auto d) { forward_panels<d()>(p); });
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {
HWY_EXPORT(forward);
}

void attention_forward(const AttentionProblem& p) { HWY_DYNAMIC_DISPATCH(forward)(p); }

}  // namespace cf::cpu
#endif
