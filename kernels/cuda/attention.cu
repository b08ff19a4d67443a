// Attention forward with a running softmax (FlashAttention, Dao et al., NeurIPS 2022), all products in f32.
#include "kernels/attention.h"

#include <limits>

#include "kernels/cuda/attention_rows.h"

namespace cf::cuda {
namespace {

constexpr int kStep = 4;  // keys between two looks at the maximum

// One query: the softmax over the keys so far, scores in units of log 2.
template <int D>
struct Query {
  float q[D];
  float out[D];
  float peak;
  float sum;

  CF_DEVICE void start() {
    for (float& o : out) o = 0;
    peak = -std::numeric_limits<float>::infinity();
    sum = 0;
  }
  CF_DEVICE void raise_peak(const float (&scores)[kStep]) {
    float top = peak;
    for (const float s : scores) top = s > top ? s : top;
    if (!(top > peak)) return;
    const float factor = exp2f(peak - top);
    for (float& o : out) o *= factor;
    sum *= factor;
    peak = top;
  }
};

template <class T, int D, int kRows>
CF_KERNEL void attention_fwd_kernel(AttentionSizes z, float scale, const T* q, const T* k, const T* v, T* out, float* lse) {
  CF_SHARED(float, keys, kTile* D);
  CF_SHARED(float, values, kTile* D);
  const RowsOfBlock rows(z, kRows);
  Query<D> mine[kRows];
  for (int r = 0; r < kRows; ++r) {
    load_row(z, rows.head, rows.token(r), q, scale * kLog2E, mine[r].q);
    mine[r].start();
  }
  for (std::int64_t first = 0; first < z.tokens; first += kTile) {
    const int count = z.tokens - first < kTile ? static_cast<int>(z.tokens - first) : kTile;
    simt::sync();
    load_tile<D>(z, rows.head, first, count, k, keys);
    load_tile<D>(z, rows.head, first, count, v, values);
    simt::sync();
    for (int j = 0; j < count; j += kStep) {
      float scores[kRows][kStep];
      for (int s = 0; s < kStep; ++s) {
        float key[D];
        read_row(keys, j + s < count ? j + s : j, key);
        for (int r = 0; r < kRows; ++r) {
          scores[r][s] = j + s < count ? dot(mine[r].q, key) : -std::numeric_limits<float>::infinity();
        }
      }
      for (int r = 0; r < kRows; ++r) mine[r].raise_peak(scores[r]);
      for (int s = 0; s < kStep; ++s) {
        float value[D];
        read_row(values, j + s < count ? j + s : j, value);
        for (int r = 0; r < kRows; ++r) {
          const float e = exp2f(scores[r][s] - mine[r].peak);
          mine[r].sum += e;
          add_scaled(e, value, mine[r].out);
        }
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    store_row(z, rows.head, rows.token(r), mine[r].out, 1 / mine[r].sum, out);
    if (rows.token(r) < z.tokens) lse[rows.head * z.tokens + rows.token(r)] = kLn2 * (mine[r].peak + log2f(mine[r].sum));
  }
}

void attention_fwd(AttentionParams p, ConstView q, ConstView k, ConstView v, View out, View lse) {
  const AttentionSizes z(q.shape, p.head_dim);
  dispatch_gpu(q.dtype, "attention", [&](auto zero) {
    using T = decltype(zero);
    with_head_dim(z.d, [&](auto d) {
      with_rows_per_thread<4>(z, [&](auto rows) {
        launch("attention", attention_fwd_kernel<T, d(), rows()>, grid_of_tokens(z, rows()), z, static_cast<float>(p.scale),
               q.as<T>(), k.as<T>(), v.as<T>(), out.as<T>(), lse.as<float>());
      });
    });
  });
}

}  // namespace

void fill(AttentionKernels& k) {
  k.attention_fwd = attention_fwd;
  k.attention_bwd = attention_bwd;
  k.cross_covariance = cross_covariance;
  k.head_matmul = head_matmul;
}

}  // namespace cf::cuda
