#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace cf::reference {
namespace {

using Doubles = std::vector<double>;

template <class T>
double dot(const T* a, const T* b, std::int64_t d) {
  double sum = 0;
  for (std::int64_t c = 0; c < d; ++c) sum += static_cast<double>(a[c]) * static_cast<double>(b[c]);
  return sum;
}

// to += factor * row
template <class T>
void add_row(double factor, const T* row, double* to, std::int64_t d) {
  for (std::int64_t c = 0; c < d; ++c) to[c] += factor * static_cast<double>(row[c]);
}

template <class T>
void store_rows(const Doubles& from, View to) {
  if (to) std::transform(from.begin(), from.end(), to.as<T>(), [](double v) { return static_cast<T>(v); });
}

// Calls fn(image, head, token, place in lse).
template <class F>
void for_each_query(const AttentionSizes& s, F&& fn) {
  const std::int64_t rows = s.images * s.heads() * s.tokens;
  for (std::int64_t r = 0; r < rows; ++r) fn(r / s.tokens / s.heads(), r / s.tokens % s.heads(), r % s.tokens, r);
}

void attention_fwd(AttentionParams p, ConstView q, ConstView k, ConstView v, View out, View lse) {
  dispatch_float(q.dtype, "attention", [&](auto zero) {
    using T = decltype(zero);
    const AttentionSizes s(q.shape, p.head_dim);
    const T *pq = q.as<T>(), *pk = k.as<T>(), *pv = v.as<T>();
    Doubles scores(static_cast<std::size_t>(s.tokens));
    Doubles result(static_cast<std::size_t>(q.numel()));
    for_each_query(s, [&](std::int64_t n, std::int64_t h, std::int64_t i, std::int64_t row) {
      for (std::int64_t j = 0; j < s.tokens; ++j) {
        scores[static_cast<std::size_t>(j)] = p.scale * dot(pq + s.at(n, h, i), pk + s.at(n, h, j), s.d);
      }
      const double peak = *std::max_element(scores.begin(), scores.end());
      double sum = 0;
      for (const double score : scores) sum += std::exp(score - peak);
      for (std::int64_t j = 0; j < s.tokens; ++j) {
        const double probability = std::exp(scores[static_cast<std::size_t>(j)] - peak) / sum;
        add_row(probability, pv + s.at(n, h, j), result.data() + s.at(n, h, i), s.d);
      }
      lse.as<T>()[row] = static_cast<T>(peak + std::log(sum));
    });
    store_rows<T>(result, out);
  });
}

// With P the probabilities and S the scaled scores: dV = P^T dO, dP = dO V^T, dS = P (dP - rowsum(dO O)), dQ = scale dS K,
// dK = scale dS^T Q.
void attention_bwd(AttentionParams p, ConstView q, ConstView k, ConstView v, ConstView out, ConstView lse, ConstView dout,
                   View dq, View dk, View dv) {
  dispatch_float(q.dtype, "attention", [&](auto zero) {
    using T = decltype(zero);
    const AttentionSizes s(q.shape, p.head_dim);
    const T *pq = q.as<T>(), *pk = k.as<T>(), *pv = v.as<T>(), *po = out.as<T>(), *pg = dout.as<T>();
    Doubles sum_q(static_cast<std::size_t>(q.numel())), sum_k(sum_q), sum_v(sum_q);
    for_each_query(s, [&](std::int64_t n, std::int64_t h, std::int64_t i, std::int64_t row) {
      const std::int64_t query = s.at(n, h, i);
      const double mean = dot(pg + query, po + query, s.d);
      for (std::int64_t j = 0; j < s.tokens; ++j) {
        const std::int64_t key = s.at(n, h, j);
        const double score = p.scale * dot(pq + query, pk + key, s.d);
        const double probability = std::exp(score - static_cast<double>(lse.as<T>()[row]));
        const double ds = p.scale * probability * (dot(pg + query, pv + key, s.d) - mean);
        add_row(ds, pk + key, sum_q.data() + query, s.d);
        add_row(ds, pq + query, sum_k.data() + key, s.d);
        add_row(probability, pg + query, sum_v.data() + key, s.d);
      }
    });
    store_rows<T>(sum_q, dq);
    store_rows<T>(sum_k, dk);
    store_rows<T>(sum_v, dv);
  });
}

void cross_covariance(ConstView a, ConstView b, View m) {
  dispatch_float(a.dtype, "cross_covariance", [&](auto zero) {
    using T = decltype(zero);
    const AttentionSizes s(a.shape, m.shape[-1]);
    Doubles sums(static_cast<std::size_t>(m.numel()));
    for_each_query(s, [&](std::int64_t n, std::int64_t h, std::int64_t t, std::int64_t row) {
      double* matrix = sums.data() + row / s.tokens * s.d * s.d;
      for (std::int64_t i = 0; i < s.d; ++i) {
        add_row(static_cast<double>(a.as<T>()[s.at(n, h, t) + i]), b.as<T>() + s.at(n, h, t), matrix + i * s.d, s.d);
      }
    });
    store_rows<T>(sums, m);
  });
}

void head_matmul(bool transpose, ConstView x, ConstView m, View y) {
  dispatch_float(x.dtype, "head_matmul", [&](auto zero) {
    using T = decltype(zero);
    const AttentionSizes s(x.shape, m.shape[-1]);
    const std::int64_t i_step = transpose ? 1 : s.d;
    const std::int64_t j_step = transpose ? s.d : 1;
    for_each_query(s, [&](std::int64_t n, std::int64_t h, std::int64_t t, std::int64_t row) {
      const T* in = x.as<T>() + s.at(n, h, t);
      const T* matrix = m.as<T>() + row / s.tokens * s.d * s.d;
      for (std::int64_t j = 0; j < s.d; ++j) {
        double sum = 0;
        for (std::int64_t i = 0; i < s.d; ++i) {
          sum += static_cast<double>(in[i]) * static_cast<double>(matrix[i * i_step + j * j_step]);
        }
        y.as<T>()[s.at(n, h, t) + j] = static_cast<T>(sum);
      }
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

}  // namespace cf::reference
