#include "kernels/resize.h"

#include "kernels/cpu/separable.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

void interpolate(ConstView x, Resample mode, bool align_corners, View y) {
  if (x.dtype != DType::f32) return kernel_table(Backend::reference).resize.interpolate(x, mode, align_corners, y);
  const AxisMap rows = interpolation_map(mode, align_corners, x.shape[1], y.shape[1]);
  const AxisMap cols = interpolation_map(mode, align_corners, x.shape[2], y.shape[2]);
  apply_separable(x.as<float>(), x.shape[0], x.shape[3], rows, cols, false, y.as<float>());
}

// With the transposed maps every element of dx is a sum of its own: no scatter, one order whatever the thread count.
void interpolate_grad(ConstView dy, Resample mode, bool align_corners, View dx) {
  if (dy.dtype != DType::f32) return kernel_table(Backend::reference).resize.interpolate_grad(dy, mode, align_corners, dx);
  const AxisMap rows = interpolation_map(mode, align_corners, dx.shape[1], dy.shape[1]).transposed();
  const AxisMap cols = interpolation_map(mode, align_corners, dx.shape[2], dy.shape[2]).transposed();
  apply_separable(dy.as<float>(), dy.shape[0], dy.shape[3], rows, cols, false, dx.as<float>());
}

}  // namespace

void fill(ResizeKernels& k) {
  k.interpolate = interpolate;
  k.interpolate_grad = interpolate_grad;
}

}  // namespace cf::cpu
