#include "framework/ops/unary.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

// Whether the derivative is a function of y alone, so that x need not be kept.
bool needs_only_y(Unary op) {
  switch (op) {
    case Unary::exp:
    case Unary::sqrt:
    case Unary::relu:
    case Unary::leaky_relu:
    case Unary::sigmoid:
    case Unary::tanh: return true;
    default: return false;
  }
}

}  // namespace

Tensor unary(const char* name, Unary op, UnaryParams p, const Tensor& x) {
  const OpRange range(name);
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  kernels_for(x.device()).elementwise.unary(op, p, x.cview(), y.view());
  // The kernel reads the same memory for both arguments where one of them was not kept.
  record(name, {x}, {y}, [op, p, kept = needs_only_y(op) ? y.detach() : x.detach()](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dx = Tensor::empty(kept.shape(), kept.dtype(), kept.device());
    kernels_for(kept.device()).elementwise.unary_grad(op, p, kept.cview(), kept.cview(), dy.cview(), dx.view());
    return Grads{dx};
  });
  return y;
}

}  // namespace cf::ops
