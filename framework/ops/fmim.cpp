#include "framework/ops/fmim.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/operands.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

Tensor attenuated(const Tensor& y, double scale) {
  Tensor out = empty_like(y);
  kernels_for(y.device()).fmim.attenuate(y.cview(), scale, out.view());
  return out;
}

}  // namespace

Tensor fmim(const Tensor& y, double scale) {
  const OpRange range("fmim");
  check_image("fmim", y);
  check(y.dim(1) >= 2 && y.dim(2) >= 2, "fmim: needs at least 2 x 2 pixels, got {}", y.shape().str());
  Tensor out = attenuated(y, scale);
  // Symmetric (kernels/fmim.h): its own gradient.
  record("fmim", {y}, {out}, [scale](const Backward& bw) { return Grads{attenuated(bw.dy(), scale)}; });
  return out;
}

}  // namespace cf::ops
