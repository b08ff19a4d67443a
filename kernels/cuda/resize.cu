// Interpolation on the GPU: the sparse rows of interpolation_map, gathered.
#include "kernels/resize.h"

#include "kernels/cuda/separable.h"

namespace cf::cuda {
namespace {

void interpolate(ConstView x, Resample mode, bool align_corners, View y) {
  separable("interpolate", Separable::map, interpolation_map(mode, align_corners, x.shape[1], y.shape[1]),
            interpolation_map(mode, align_corners, x.shape[2], y.shape[2]), x, y);
}

void interpolate_grad(ConstView dy, Resample mode, bool align_corners, View dx) {
  separable("interpolate_grad", Separable::map, interpolation_map(mode, align_corners, dx.shape[1], dy.shape[1]).transposed(),
            interpolation_map(mode, align_corners, dx.shape[2], dy.shape[2]).transposed(), dy, dx);
}

}  // namespace

void fill(ResizeKernels& k) {
  k.interpolate = interpolate;
  k.interpolate_grad = interpolate_grad;
}

}  // namespace cf::cuda
