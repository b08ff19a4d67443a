#include "framework/ops/wavelet.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

std::array<Tensor, 4> analysis(const Tensor& x) {
  std::array<Tensor, 4> bands;
  for (Tensor& b : bands) b = Tensor::empty({x.dim(0), x.dim(1) / 2, x.dim(2) / 2, x.dim(3)}, x.dtype(), x.device());
  kernels_for(x.device()).wavelet.haar_dwt(x.cview(), bands[0].view(), bands[1].view(), bands[2].view(), bands[3].view());
  return bands;
}

Tensor synthesis(const Tensor& ll, const Tensor& hl, const Tensor& lh, const Tensor& hh) {
  Tensor x = Tensor::empty({ll.dim(0), 2 * ll.dim(1), 2 * ll.dim(2), ll.dim(3)}, ll.dtype(), ll.device());
  kernels_for(ll.device()).wavelet.haar_iwt(ll.cview(), hl.cview(), lh.cview(), hh.cview(), x.view());
  return x;
}

}  // namespace

std::array<Tensor, 4> haar_dwt(const Tensor& x) {
  const OpRange range("haar_dwt");
  check(x.rank() == 4 && x.dim(1) % 2 == 0 && x.dim(2) % 2 == 0,
        "haar_dwt: x must be (N, H, W, C) with H and W even, got {}; crop or pad it", x.shape().str());
  std::array<Tensor, 4> bands = analysis(x);
  record("haar_dwt", {x}, {bands.begin(), bands.end()},
         [](const Backward& bw) { return Grads{synthesis(bw.dy(0), bw.dy(1), bw.dy(2), bw.dy(3))}; });
  return bands;
}

Tensor haar_iwt(const Tensor& ll, const Tensor& hl, const Tensor& lh, const Tensor& hh) {
  const OpRange range("haar_iwt");
  check(ll.rank() == 4, "haar_iwt: bands must be (N, H, W, C), got {}", ll.shape().str());
  for (const Tensor* band : {&hl, &lh, &hh}) {
    check(band->shape() == ll.shape() && band->dtype() == ll.dtype(), "haar_iwt: LL is {} {}, another band {} {}",
          name_of(ll.dtype()), ll.shape().str(), name_of(band->dtype()), band->shape().str());
    check(band->device() == ll.device(), "haar_iwt: LL on {}, another band on {}", ll.device().str(), band->device().str());
  }
  Tensor x = synthesis(ll, hl, lh, hh);
  record("haar_iwt", {ll, hl, lh, hh}, {x}, [](const Backward& bw) {
    const auto bands = analysis(bw.dy());
    return Grads{bands.begin(), bands.end()};
  });
  return x;
}

Tensor high_pass(const Tensor& x, std::int64_t size) {
  const OpRange range("high_pass");
  check(size > 0 && size % 2 == 1, "high_pass: the box must have odd size, got {}", size);
  check(x.rank() == 4 && x.dim(1) > size / 2 && x.dim(2) > size / 2,
        "high_pass: x must be (N, H, W, C) with H and W above {}, so that edges can be mirrored; got {}", size / 2,
        x.shape().str());
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  kernels_for(x.device()).wavelet.high_pass(x.cview(), size, y.view());
  record("high_pass", {x}, {y}, [size](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dx = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
    kernels_for(dy.device()).wavelet.high_pass_grad(dy.cview(), size, dx.view());
    return Grads{dx};
  });
  return y;
}

}  // namespace cf::ops
