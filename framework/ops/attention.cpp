#include "framework/ops/attention.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/operands.h"
#include "framework/ops/precision.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

const AttentionKernels& kernels(const Tensor& x) { return kernels_for(x.device()).attention; }

// (N, T, C)
Tensor tokens(const Tensor& x) { return x.alias({x.dim(0), x.numel() / (x.dim(0) * x.dim(-1)), x.dim(-1)}); }

void check_heads(const char* op, const Tensor& x, std::int64_t head_dim) {
  check(x.rank() >= 3 && x.numel() > 0, "{}: needs tokens (N, T, C) or an image (N, H, W, C), got {}", op, x.shape().str());
  check(head_dim > 0 && x.dim(-1) % head_dim == 0, "{}: {} channels are no whole number of heads of {}", op, x.dim(-1), head_dim);
}

// The kernels alone, outside the graph.
Tensor covariance(const Tensor& a, const Tensor& b, std::int64_t head_dim) {
  Tensor m = empty_like(a, {a.dim(0), a.dim(-1) / head_dim, head_dim, head_dim});
  kernels(a).cross_covariance(tokens(a).cview(), tokens(b).cview(), m.view());
  return m;
}

Tensor product(const Tensor& x, const Tensor& m, bool transpose) {
  Tensor y = empty_like(x);
  kernels(x).head_matmul(transpose, tokens(x).cview(), m.cview(), tokens(y).view());
  return y;
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t head_dim, double scale) {
  if (const auto o = settle(Mixing::narrow, {&q, &k, &v})) return attention((*o)[0], (*o)[1], (*o)[2], head_dim, scale);
  const OpRange range("attention");
  check_heads("attention", q, head_dim);
  check_alike("attention", q, k);
  check_alike("attention", q, v);
  const AttentionParams params = {head_dim, scale};
  const Tensor tq = tokens(q), tk = tokens(k), tv = tokens(v);
  Tensor y = empty_like(q);
  const DType full = q.dtype() == DType::f64 ? DType::f64 : DType::f32;
  const Tensor lse = Tensor::empty({tq.dim(0), tq.dim(2) / head_dim, tq.dim(1)}, full, q.device());
  kernels(q).attention_fwd(params, tq.cview(), tk.cview(), tv.cview(), tokens(y).view(), lse.view());
  record("attention", {q, k, v}, {y}, [params, tq, tk, tv, ty = tokens(y), lse, shape = q.shape()](const Backward& bw) {
    Grads grads(3);
    View views[3];
    for (int i = 0; i < 3; ++i) {
      if (!bw.needs(i)) continue;
      grads[static_cast<std::size_t>(i)] = empty_like(tq, shape);
      views[i] = tokens(grads[static_cast<std::size_t>(i)]).view();
    }
    kernels(tq).attention_bwd(params, tq.cview(), tk.cview(), tv.cview(), ty.cview(), lse.cview(), tokens(bw.dy()).cview(),
                              views[0], views[1], views[2]);
    return grads;
  });
  return y;
}

Tensor cross_covariance(const Tensor& a, const Tensor& b, std::int64_t head_dim) {
  if (const auto o = settle(Mixing::narrow, {&a, &b})) return cross_covariance((*o)[0], (*o)[1], head_dim);
  const OpRange range("cross_covariance");
  check_heads("cross_covariance", a, head_dim);
  check_alike("cross_covariance", a, b);
  Tensor m = covariance(a, b, head_dim);
  record("cross_covariance", {a, b}, {m}, [a = a.detach(), b = b.detach()](const Backward& bw) {
    Grads grads(2);
    if (bw.needs(0)) grads[0] = product(b, bw.dy(), true);
    if (bw.needs(1)) grads[1] = product(a, bw.dy(), false);
    return grads;
  });
  return m;
}

Tensor head_matmul(const Tensor& x, const Tensor& m, bool transpose) {
  if (const auto o = settle(Mixing::narrow, {&x, &m})) return head_matmul((*o)[0], (*o)[1], transpose);
  const OpRange range("head_matmul");
  check_same_type("head_matmul", x, m);
  check(m.rank() == 4, "head_matmul: the matrices must be (N, heads, d, d), got {}", m.shape().str());
  const std::int64_t d = m.dim(3);
  check_heads("head_matmul", x, d);
  const Shape wanted = {x.dim(0), x.dim(-1) / d, d, d};
  check(m.shape() == wanted, "head_matmul: x {} needs matrices {}, got {}", x.shape().str(), wanted.str(), m.shape().str());
  Tensor y = product(x, m, transpose);
  record("head_matmul", {x, m}, {y}, [x = x.detach(), m = m.detach(), d, transpose](const Backward& bw) {
    Grads grads(2);
    const Tensor dy = bw.dy();
    if (bw.needs(0)) grads[0] = product(dy, m, !transpose);
    if (bw.needs(1)) grads[1] = transpose ? covariance(dy, x, d) : covariance(x, dy, d);
    return grads;
  });
  return y;
}

}  // namespace cf::ops
