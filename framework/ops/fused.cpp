#include "framework/ops/fused.h"

#include <vector>

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/operands.h"
#include "framework/ops/precision.h"
#include "kernels/table.h"

namespace cf::ops {

Tensor gated_blend(const Tensor& g, const Tensor& a, const Tensor& b) {
  if (const auto o = settle(Mixing::widen, {&g, &a, &b})) return gated_blend((*o)[0], (*o)[1], (*o)[2]);
  const OpRange range("gated_blend");
  check_alike("gated_blend", g, a);
  check_alike("gated_blend", g, b);
  Tensor y = empty_like(g);
  kernels_for(g.device()).fused.gated_blend(g.cview(), a.cview(), b.cview(), y.view());
  record("gated_blend", {g, a, b}, {y}, [g = g.detach(), a = a.detach(), b = b.detach()](const Backward& bw) {
    Grads grads(3);
    for (int i = 0; i < 3; ++i) {
      if (bw.needs(i)) grads[static_cast<std::size_t>(i)] = empty_like(g);
    }
    const auto wanted = [](const Tensor& t) { return t.defined() ? t.view() : View(); };
    kernels_for(g.device())
        .fused.gated_blend_grad(g.cview(), a.cview(), b.cview(), bw.dy().cview(), wanted(grads[0]), wanted(grads[1]),
                                wanted(grads[2]));
    return grads;
  });
  return y;
}

Tensor channel_max_mean(const Tensor& x) {
  const OpRange range("channel_max_mean");
  check(x.rank() > 0 && x.dim(-1) > 0, "channel_max_mean: no channels in shape {}", x.shape().str());
  Shape shape = x.shape();
  shape[-1] = 2;
  Tensor y = empty_like(x, shape);
  kernels_for(x.device()).fused.channel_max_mean(x.cview(), y.view());
  record("channel_max_mean", {x}, {y}, [x = x.detach()](const Backward& bw) {
    Tensor dx = empty_like(x);
    kernels_for(x.device()).fused.channel_max_mean_grad(x.cview(), bw.dy().cview(), dx.view());
    return Grads{dx};
  });
  return y;
}

}  // namespace cf::ops
