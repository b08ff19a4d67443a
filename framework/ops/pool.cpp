#include "framework/ops/pool.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

Tensor pooled(const char* name, const Tensor& x, std::int64_t size, std::int64_t stride) {
  check(size >= 1 && stride >= 1, "{}: size {} and stride {} must be at least 1", name, size, stride);
  check(x.rank() == 4, "{}: x has shape {}, expected (N, H, W, C)", name, x.shape().str());
  check(x.dim(1) >= size && x.dim(2) >= size, "{}: x {} is smaller than the window of {} x {}", name, x.shape().str(), size,
        size);
  const auto extent = [&](int i) { return (x.dim(i) - size) / stride + 1; };
  return Tensor::empty({x.dim(0), extent(1), extent(2), x.dim(3)}, x.dtype(), x.device());
}

}  // namespace

Tensor max_pool2d(const Tensor& x, std::int64_t size, std::int64_t stride) {
  const OpRange range("max_pool2d");
  Tensor y = pooled("max_pool2d", x, size, stride);
  const PoolParams p = {size, stride};
  kernels_for(x.device()).pool.max_fwd(p, x.cview(), y.view());
  record("max_pool2d", {x}, {y}, [p, x = x.detach()](const Backward& bw) {
    Tensor dx = Tensor::empty(x.shape(), x.dtype(), x.device());
    kernels_for(x.device()).pool.max_grad(p, x.cview(), bw.dy().cview(), dx.view());
    return Grads{dx};
  });
  return y;
}

Tensor avg_pool2d(const Tensor& x, std::int64_t size, std::int64_t stride) {
  const OpRange range("avg_pool2d");
  Tensor y = pooled("avg_pool2d", x, size, stride);
  const PoolParams p = {size, stride};
  kernels_for(x.device()).pool.avg_fwd(p, x.cview(), y.view());
  record("avg_pool2d", {x}, {y}, [p, shape = x.shape()](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dx = Tensor::empty(shape, dy.dtype(), dy.device());
    kernels_for(dy.device()).pool.avg_grad(p, dy.cview(), dx.view());
    return Grads{dx};
  });
  return y;
}

}  // namespace cf::ops
