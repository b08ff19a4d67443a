#include "framework/ops/loss.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/operands.h"
#include "framework/ops/precision.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

Tensor loss(const char* name, Loss kind, double eps, const Tensor& x, const Tensor& target) {
  if (const auto o = settle(Mixing::widen, {&x, &target})) return loss(name, kind, eps, (*o)[0], (*o)[1]);
  const OpRange range(name);
  check_alike(name, x, target);
  check(x.numel() > 0, "{}: no elements to take the mean of", name);
  Tensor y = Tensor::empty({1}, x.dtype() == DType::bf16 ? DType::f32 : x.dtype(), x.device());
  kernels_for(x.device()).loss.loss(kind, eps, x.cview(), target.cview(), y.view());
  record(name, {x, target}, {y}, [kind, eps, x = x.detach(), target = target.detach()](const Backward& bw) {
    Tensor dx = empty_like(x);
    kernels_for(x.device()).loss.loss_grad(kind, eps, x.cview(), target.cview(), bw.dy().cview(), dx.view());
    return Grads{dx, bw.needs(1) ? neg(dx) : Tensor()};  // every loss is a function of x - target
  });
  return y;
}

}  // namespace

Tensor l1_loss(const Tensor& x, const Tensor& target) { return loss("l1_loss", Loss::l1, 0, x, target); }
Tensor mse_loss(const Tensor& x, const Tensor& target) { return loss("mse_loss", Loss::mse, 0, x, target); }

Tensor charbonnier_loss(const Tensor& x, const Tensor& target, double eps) {
  check(eps > 0, "charbonnier_loss: eps must be positive, got {}", eps);
  return loss("charbonnier_loss", Loss::charbonnier, eps, x, target);
}

}  // namespace cf::ops
