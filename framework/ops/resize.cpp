#include "framework/ops/resize.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

Resample kernel_mode(Interpolation mode) {
  switch (mode) {
    case Interpolation::nearest: return Resample::nearest;
    case Interpolation::bilinear: return Resample::bilinear;
    case Interpolation::bicubic: return Resample::bicubic;
  }
  fail("interpolate: unknown mode {}", static_cast<int>(mode));
}

}  // namespace

Tensor interpolate(const Tensor& x, std::int64_t out_h, std::int64_t out_w, Interpolation mode, bool align_corners) {
  const OpRange range("interpolate");
  check(x.rank() == 4 && x.dim(1) > 0 && x.dim(2) > 0, "interpolate: x must be (N, H, W, C) with pixels in it, got {}",
        x.shape().str());
  check(out_h > 0 && out_w > 0, "interpolate: to {} x {} pixels; both extents must be positive", out_h, out_w);
  const Resample kernel = kernel_mode(mode);
  Tensor y = Tensor::empty({x.dim(0), out_h, out_w, x.dim(3)}, x.dtype(), x.device());
  kernels_for(x.device()).resize.interpolate(x.cview(), kernel, align_corners, y.view());
  record("interpolate", {x}, {y}, [shape = x.shape(), kernel, align_corners](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dx = Tensor::empty(shape, dy.dtype(), dy.device());
    kernels_for(dy.device()).resize.interpolate_grad(dy.cview(), kernel, align_corners, dx.view());
    return Grads{dx};
  });
  return y;
}

}  // namespace cf::ops
