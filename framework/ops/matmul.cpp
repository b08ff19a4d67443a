#include "framework/ops/matmul.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/precision.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

// The kernel alone, outside the graph.
Tensor product(const char* name, const Tensor& a, const Tensor& b, const Tensor& bias, bool ta, bool tb) {
  check(a.dtype() == b.dtype() && a.device() == b.device(), "{}: {} on {} and {} on {} do not mix", name, name_of(a.dtype()),
        a.device().str(), name_of(b.dtype()), b.device().str());
  check(a.rank() >= 2 && a.rank() == b.rank(), "{}: {} x {}: expected matrices with equal leading dimensions", name,
        a.shape().str(), b.shape().str());
  Shape shape = a.shape();
  for (int i = 0; i < a.rank() - 2; ++i) {
    check(a.dim(i) == b.dim(i), "{}: {} x {}: the leading dimensions differ", name, a.shape().str(), b.shape().str());
  }
  check((ta ? a.dim(-2) : a.dim(-1)) == (tb ? b.dim(-1) : b.dim(-2)), "{}: {}{} x {}{}: the inner dimensions differ", name,
        a.shape().str(), ta ? "^T" : "", b.shape().str(), tb ? "^T" : "");
  shape[-2] = ta ? a.dim(-1) : a.dim(-2);
  shape[-1] = tb ? b.dim(-2) : b.dim(-1);
  Tensor y = Tensor::empty(shape, a.dtype(), a.device());
  kernels_for(a.device()).matmul.matmul({ta, tb}, a.cview(), b.cview(), bias.defined() ? bias.cview() : ConstView{}, y.view());
  return y;
}

Tensor product(const Tensor& a, const Tensor& b, bool ta, bool tb) { return product("matmul", a, b, {}, ta, tb); }

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  if (const auto o = settle(Mixing::narrow, {&a, &b})) return matmul((*o)[0], (*o)[1], transpose_a, transpose_b);
  const OpRange range("matmul");
  Tensor y = product(a, b, transpose_a, transpose_b);
  record("matmul", {a, b}, {y}, [a = a.detach(), b = b.detach(), ta = transpose_a, tb = transpose_b](const Backward& bw) {
    Grads grads(2);
    const Tensor dy = bw.dy();
    if (bw.needs(0)) grads[0] = ta ? product(b, dy, tb, true) : product(dy, b, false, !tb);
    if (bw.needs(1)) grads[1] = tb ? product(dy, a, true, ta) : product(a, dy, !ta, false);
    return grads;
  });
  return y;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (const auto o = settle(Mixing::narrow, {&x, &weight, &bias})) return linear((*o)[0], (*o)[1], (*o)[2]);
  const OpRange range("linear");
  check(x.rank() >= 1 && weight.rank() == 2 && weight.numel() > 0 && x.dim(-1) == weight.dim(1),
        "linear: x {} and weight {}: the last dimension of x must be that of the weight (O, I)", x.shape().str(),
        weight.shape().str());
  const std::int64_t out = weight.dim(0);
  if (bias.defined()) {
    check(bias.shape() == Shape{out} && bias.dtype() == x.dtype() && bias.device() == x.device(),
          "linear: bias {} {} for a result of {} channels in {}", name_of(bias.dtype()), bias.shape().str(), out,
          name_of(x.dtype()));
  }
  const Tensor rows = x.alias({x.numel() / weight.dim(1), weight.dim(1)});  // (R, I)
  Shape shape = x.shape();
  shape[-1] = out;
  Tensor y = product("linear", rows, weight, bias, false, true).alias(shape);
  record("linear", {x, weight, bias}, {y}, [rows, weight = weight.detach(), in_shape = x.shape()](const Backward& bw) {
    Grads grads(3);
    const Tensor dy = bw.dy().alias({rows.dim(0), weight.dim(0)});  // (R, O)
    if (bw.needs(0)) grads[0] = product(dy, weight, false, false).alias(in_shape);
    if (bw.needs(1)) grads[1] = product(dy, rows, true, false);
    if (bw.needs(2)) {
      grads[2] = Tensor::empty({weight.dim(0)}, dy.dtype(), dy.device());
      kernels_for(dy.device()).reduce.sum_to(dy.cview(), grads[2].view());
    }
    return grads;
  });
  return y;
}

}  // namespace cf::ops
