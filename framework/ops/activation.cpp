#include "framework/ops/activation.h"

#include <limits>

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/operands.h"
#include "framework/ops/precision.h"
#include "framework/ops/unary.h"
#include "kernels/table.h"

namespace cf::ops {

Tensor relu(const Tensor& x) { return unary("relu", Unary::relu, {}, x); }

Tensor leaky_relu(const Tensor& x, double slope) {
  check(slope > 0, "leaky_relu: the slope must be positive, got {}", slope);
  return unary("leaky_relu", Unary::leaky_relu, {slope, 0}, x);
}

Tensor sigmoid(const Tensor& x) { return unary("sigmoid", Unary::sigmoid, {}, x); }
Tensor silu(const Tensor& x) { return unary("silu", Unary::silu, {}, x); }
Tensor tanh(const Tensor& x) { return unary("tanh", Unary::tanh, {}, x); }

Tensor prelu(const Tensor& x, const Tensor& slope) {
  if (const auto o = settle(Mixing::follow, {&x, &slope})) return prelu(x, (*o)[1]);
  const OpRange range("prelu");
  check_same_type("prelu", x, slope);
  check(slope.rank() == 1 && (slope.dim(0) == 1 || slope.dim(0) == x.dim(-1)),
        "prelu: the slope has shape {}; x {} needs (1) or one per channel", slope.shape().str(), x.shape().str());
  const auto binary = kernels_for(x.device()).elementwise.binary;
  Tensor y = empty_like(x);
  binary(Binary::prelu, x.cview(), slope.cview(), y.view());
  record("prelu", {x, slope}, {y}, [binary, x = x.detach(), slope = slope.detach()](const Backward& bw) {
    Grads grads(2);
    if (bw.needs(0)) {
      grads[0] = empty_like(x);
      binary(Binary::prelu_dx, x.cview(), slope.cview(), grads[0].view());
      binary(Binary::mul, grads[0].cview(), bw.dy().cview(), grads[0].view());
    }
    if (bw.needs(1)) grads[1] = mul(bw.dy(), clamp(x, -std::numeric_limits<double>::infinity(), 0));  // the engine sums it
    return grads;
  });
  return y;
}

Tensor softmax(const Tensor& x) {
  const OpRange range("softmax");
  check(x.rank() > 0 && x.dim(-1) > 0, "softmax: nothing to normalise in shape {}", x.shape().str());
  Tensor y = empty_like(x);
  kernels_for(x.device()).softmax.softmax(x.cview(), y.view());
  record("softmax", {x}, {y}, [y = y.detach()](const Backward& bw) {
    Tensor dx = empty_like(y);
    kernels_for(y.device()).softmax.softmax_grad(y.cview(), bw.dy().cview(), dx.view());
    return Grads{dx};
  });
  return y;
}

Tensor dropout(const Tensor& x, double p, std::uint64_t seed, std::uint64_t salt, const Tensor& step) {
  const OpRange range("dropout");
  check(p >= 0 && p < 1, "dropout: the probability must lie in [0, 1), got {}", p);
  check(!step.defined() || (step.dtype() == DType::i64 && step.numel() == 1 && step.device() == x.device()),
        "dropout: the step must be one i64 on {}", x.device().str());
  // Keeps the step's memory alive for the backward.
  const auto masked = [p, seed, salt, step](const Tensor& from) {
    Tensor to = empty_like(from);
    kernels_for(from.device())
        .random.dropout({p, seed, salt, step.defined() ? step.cview() : ConstView()}, from.cview(), to.view());
    return to;
  };
  Tensor y = masked(x);
  record("dropout", {x}, {y}, [masked](const Backward& bw) { return Grads{masked(bw.dy())}; });
  return y;
}

}  // namespace cf::ops
