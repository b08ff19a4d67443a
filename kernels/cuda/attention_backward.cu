// Attention backward with recomputed probabilities: one kernel, run once with the queries in registers (dQ) and once with the
// keys (dK, dV), so that each sum is one thread's and nothing is added atomically.
#include "kernels/cuda/attention_rows.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda {
namespace {

// Per token of a head the sum of dout * out, which is the mean over the keys of probability * its gradient.
template <class T>
CF_KERNEL void attention_means_kernel(AttentionSizes z, const T* out, const T* dout, float* means) {
  const std::int64_t n = z.images * z.heads() * z.tokens;
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    const std::int64_t at = channels_of(z, i / z.tokens, i % z.tokens);
    float sum = 0;
    for (std::int64_t c = 0; c < z.d; ++c) sum += simt::widen(out[at + c]) * simt::widen(dout[at + c]);
    means[i] = sum;
  }
}

// The two sides of the pairs of tokens: rows of scores' factors a (q or k) and of probabilities' gradients' factors b (dout or
// v).
template <class T>
struct Side {
  const T* a;
  const T* b;
};

// dS = P (dP - mean) with S = a a', dP = b b'. da (...) = sum dS a', db = sum P b'; the logarithms of the denominators and the
// means belong to the queries, which are this side or, with kKeys, the other.
template <class T, int D, int kRows, bool kKeys>
CF_KERNEL void attention_bwd_kernel(AttentionSizes z, float scale, Side<T> mine, Side<T> others, const float* lse,
                                    const float* means, T* da, T* db) {
  CF_SHARED(float, tile_a, kTile* D);
  CF_SHARED(float, tile_b, kTile* D);
  CF_SHARED(float, tile_lse, kTile);
  CF_SHARED(float, tile_mean, kTile);
  const RowsOfBlock rows(z, kRows);
  float a[kRows][D], b[kRows][D], sum_a[kRows][D] = {}, sum_b[kRows][D] = {};
  float own_lse[kRows], own_mean[kRows];
  for (int r = 0; r < kRows; ++r) {
    load_row(z, rows.head, rows.token(r), mine.a, scale * kLog2E, a[r]);
    load_row(z, rows.head, rows.token(r), mine.b, 1.0F, b[r]);
    const std::int64_t at = rows.head * z.tokens + (rows.token(r) < z.tokens ? rows.token(r) : z.tokens - 1);
    own_lse[r] = kLog2E * lse[at];
    own_mean[r] = means[at];
  }
  for (std::int64_t first = 0; first < z.tokens; first += kTile) {
    const int count = z.tokens - first < kTile ? static_cast<int>(z.tokens - first) : kTile;
    const int t = static_cast<int>(simt::thread().x);
    simt::sync();
    load_tile<D>(z, rows.head, first, count, others.a, tile_a);
    load_tile<D>(z, rows.head, first, count, others.b, tile_b);
    if (kKeys && t < count) {
      tile_lse[t] = kLog2E * lse[rows.head * z.tokens + first + t];
      tile_mean[t] = means[rows.head * z.tokens + first + t];
    }
    simt::sync();
    for (int j = 0; j < count; ++j) {
      float other_a[D], other_b[D];
      read_row(tile_a, j, other_a);
      read_row(tile_b, j, other_b);
      for (int r = 0; r < kRows; ++r) {
        const float p = exp2f(dot(a[r], other_a) - (kKeys ? tile_lse[j] : own_lse[r]));
        const float ds = p * (dot(b[r], other_b) - (kKeys ? tile_mean[j] : own_mean[r]));
        add_scaled(ds, other_a, sum_a[r]);
        if (kKeys) add_scaled(p, other_b, sum_b[r]);
      }
    }
  }
  CF_UNROLL
  for (int r = 0; r < kRows; ++r) {
    store_row(z, rows.head, rows.token(r), sum_a[r], scale, da);
    if (kKeys) store_row(z, rows.head, rows.token(r), sum_b[r], 1.0F, db);
  }
}

template <class T>
T* wanted(const View& v) {
  return v ? v.as<T>() : nullptr;
}

}  // namespace

void attention_bwd(AttentionParams p, ConstView q, ConstView k, ConstView v, ConstView out, ConstView lse, ConstView dout,
                   View dq, View dk, View dv) {
  const AttentionSizes z(q.shape, p.head_dim);
  const auto scale = static_cast<float>(p.scale);
  const Workspace means(q.device, static_cast<std::size_t>(lse.numel()) * sizeof(float));
  const float* saved = lse.as<float>();
  dispatch_gpu(q.dtype, "attention", [&](auto zero) {
    using T = decltype(zero);
    launch("attention_means", attention_means_kernel<T>, grid_for(lse.numel()), z, out.as<T>(), dout.as<T>(), means.as<float>());
    const Side<T> queries = {q.as<T>(), dout.as<T>()};
    const Side<T> keys = {k.as<T>(), v.as<T>()};
    with_head_dim(z.d, [&](auto d) {
      with_rows_per_thread<2>(z, [&](auto rows) {
        const Grid grid = grid_of_tokens(z, rows());
        if (dq) {
          launch("attention_dq", attention_bwd_kernel<T, d(), rows(), false>, grid, z, scale, queries, keys, saved,
                 means.as<float>(), dq.as<T>(), nullptr);
        }
        if (dk || dv) {
          launch("attention_dkv", attention_bwd_kernel<T, d(), rows(), true>, grid, z, scale, keys, queries, saved,
                 means.as<float>(), wanted<T>(dk), wanted<T>(dv));
        }
      });
    });
  });
}

}  // namespace cf::cuda
