#include "framework/ops/laconv.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/precision.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

void check_laconv(const Tensor& x, const Tensor& spatial, const Tensor& channel, const Tensor& weight, const Tensor& bias,
                  double leaky_slope) {
  check(x.rank() == 4, "laconv: x must be (N, H, W, C), got {}", x.shape().str());
  check(weight.rank() == 4 && weight.dim(1) == weight.dim(2) && weight.dim(1) % 2 == 1 && weight.dim(3) == x.dim(3),
        "laconv: weight must be (O, k, k, C) with k odd and C = {}, got {}", x.dim(3), weight.shape().str());
  const Shape per_pixel{x.dim(0), x.dim(1), x.dim(2), weight.dim(1) * weight.dim(2)};
  check(spatial.shape() == per_pixel, "laconv: spatial must be {}, got {}", per_pixel.str(), spatial.shape().str());
  const Shape shared{x.dim(0), 1, 1, x.dim(3)};
  check(channel.shape() == shared || channel.shape() == x.shape(), "laconv: channel must be {} or {}, got {}", shared.str(),
        x.shape().str(), channel.shape().str());
  check(bias.shape() == Shape{weight.dim(0)}, "laconv: bias must be ({}), got {}", weight.dim(0), bias.shape().str());
  for (const Tensor* t : {&spatial, &channel, &weight, &bias}) {
    check(t->dtype() == x.dtype(), "laconv: x is {}, another operand {}; convert one with to()", name_of(x.dtype()),
          name_of(t->dtype()));
    check(t->device() == x.device(), "laconv: x on {}, another operand on {}", x.device().str(), t->device().str());
  }
  check(leaky_slope > 0, "laconv: the slope of the LeakyReLU must be positive, got {}", leaky_slope);
}

// The gradient of the sum before the LeakyReLU; a positive slope keeps the sign, so y tells it.
Tensor before_leaky(const Tensor& dy, const Tensor& y, double leaky_slope) {
  if (!y.defined()) return dy;
  Tensor g = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
  kernels_for(dy.device()).elementwise.unary_grad(Unary::leaky_relu, {leaky_slope}, y.cview(), y.cview(), dy.cview(), g.view());
  return g;
}

}  // namespace

Tensor laconv(const Tensor& x, const Tensor& spatial, const Tensor& channel, const Tensor& weight, const Tensor& bias,
              double leaky_slope) {
  if (const auto o = settle(Mixing::narrow, {&x, &spatial, &channel, &weight, &bias})) {
    return laconv((*o)[0], (*o)[1], (*o)[2], (*o)[3], (*o)[4], leaky_slope);
  }
  const OpRange range("laconv");
  check_laconv(x, spatial, channel, weight, bias, leaky_slope);
  Tensor y = Tensor::empty({x.dim(0), x.dim(1), x.dim(2), weight.dim(0)}, x.dtype(), x.device());
  kernels_for(x.device())
      .laconv.laconv_fwd(x.cview(), spatial.cview(), channel.cview(), weight.cview(), bias.cview(), leaky_slope, y.view());
  record("laconv", {x, spatial, channel, weight, bias}, {y},
         [x = x.detach(), spatial = spatial.detach(), channel = channel.detach(), weight = weight.detach(), bias = bias.shape(),
          y = leaky_slope == 1 ? Tensor() : y.detach(), leaky_slope](const Backward& bw) {
           const Tensor dy = before_leaky(bw.dy(), y, leaky_slope);
           const Shape shapes[] = {x.shape(), spatial.shape(), channel.shape(), weight.shape(), bias};
           Grads grads(5);
           View views[5];
           for (int i = 0; i < 5; ++i) {
             if (!bw.needs(i)) continue;
             grads[static_cast<std::size_t>(i)] = Tensor::empty(shapes[i], x.dtype(), x.device());
             views[i] = grads[static_cast<std::size_t>(i)].view();
           }
           kernels_for(x.device())
               .laconv.laconv_bwd(x.cview(), spatial.cview(), channel.cview(), weight.cview(), dy.cview(), views[0], views[1],
                                  views[2], views[3], views[4]);
           return grads;
         });
  return y;
}

}  // namespace cf::ops
