#include "framework/ops/elementwise.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/operands.h"
#include "framework/ops/precision.h"
#include "framework/ops/unary.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

// The kernel alone, outside the graph.
Tensor compute(Binary op, const char* name, const Tensor& a, const Tensor& b) {
  check_same_type(name, a, b);
  Tensor y = empty_like(a, broadcast_shapes(a.shape(), b.shape(), name));
  kernels_for(a.device()).elementwise.binary(op, a.cview(), b.cview(), y.view());
  return y;
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  if (const auto o = settle(Mixing::widen, {&a, &b})) return add((*o)[0], (*o)[1]);
  const OpRange range("add");
  Tensor y = compute(Binary::add, "add", a, b);
  record("add", {a, b}, {y}, [](const Backward& bw) { return Grads{bw.dy(), bw.dy()}; });
  return y;
}

Tensor sub(const Tensor& a, const Tensor& b) {
  if (const auto o = settle(Mixing::widen, {&a, &b})) return sub((*o)[0], (*o)[1]);
  const OpRange range("sub");
  Tensor y = compute(Binary::sub, "sub", a, b);
  record("sub", {a, b}, {y}, [](const Backward& bw) { return Grads{bw.dy(), bw.needs(1) ? neg(bw.dy()) : Tensor()}; });
  return y;
}

Tensor mul(const Tensor& a, const Tensor& b) {
  if (const auto o = settle(Mixing::widen, {&a, &b})) return mul((*o)[0], (*o)[1]);
  const OpRange range("mul");
  Tensor y = compute(Binary::mul, "mul", a, b);
  record("mul", {a, b}, {y}, [a = a.detach(), b = b.detach()](const Backward& bw) {
    return Grads{bw.needs(0) ? mul(bw.dy(), b) : Tensor(), bw.needs(1) ? mul(bw.dy(), a) : Tensor()};
  });
  return y;
}

Tensor div(const Tensor& a, const Tensor& b) {
  if (const auto o = settle(Mixing::widen, {&a, &b})) return div((*o)[0], (*o)[1]);
  const OpRange range("div");
  Tensor y = compute(Binary::div, "div", a, b);
  record("div", {a, b}, {y}, [b = b.detach(), y = y.detach()](const Backward& bw) {
    const Tensor da = div(bw.dy(), b);
    return Grads{da, bw.needs(1) ? neg(mul(da, y)) : Tensor()};
  });
  return y;
}

Tensor affine(const Tensor& x, double scale, double offset) { return unary("affine", Unary::affine, {scale, offset}, x); }
Tensor neg(const Tensor& x) { return unary("neg", Unary::neg, {}, x); }
Tensor abs(const Tensor& x) { return unary("abs", Unary::abs, {}, x); }
Tensor exp(const Tensor& x) { return unary("exp", Unary::exp, {}, x); }
Tensor sqrt(const Tensor& x) { return unary("sqrt", Unary::sqrt, {}, x); }
Tensor square(const Tensor& x) { return unary("square", Unary::square, {}, x); }

Tensor clamp(const Tensor& x, double lo, double hi) {
  check(lo <= hi, "clamp: lower bound {} above upper bound {}", lo, hi);
  return unary("clamp", Unary::clamp, {lo, hi}, x);
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  if (const auto o = settle(Mixing::widen, {&a, &b})) return where(condition, (*o)[0], (*o)[1]);
  const OpRange range("where");
  check(condition.dtype() == DType::u8, "where: the condition is {}, not u8", name_of(condition.dtype()));
  check_same_type("where", a, b);
  check(condition.device() == a.device(), "where: operands on {} and {}", condition.device().str(), a.device().str());
  const Shape operands = broadcast_shapes(a.shape(), b.shape(), "where");
  Tensor y = empty_like(a, broadcast_shapes(condition.shape(), operands, "where"));
  kernels_for(a.device()).elementwise.where(condition.cview(), a.cview(), b.cview(), y.view());
  record("where", {a, b}, {y}, [condition = condition.detach()](const Backward& bw) {
    const Tensor zero = Tensor::full({1}, 0, bw.dy().dtype(), bw.dy().device());
    return Grads{bw.needs(0) ? where(condition, bw.dy(), zero) : Tensor(),
                 bw.needs(1) ? where(condition, zero, bw.dy()) : Tensor()};
  });
  return y;
}

}  // namespace cf::ops
