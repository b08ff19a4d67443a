// The gate, one element at a time: a variant of the fused family.
#include "kernels/cuda/launch.h"
#include "kernels/fused.h"

namespace cf::cuda {
namespace {

template <class T>
CF_KERNEL void gated_blend_kernel(std::int64_t n, const T* g, const T* a, const T* b, T* y) {
  using C = simt::Compute<T>;
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    using std::exp;
    const C s = 1 / (1 + exp(-simt::widen(g[i])));
    y[i] = simt::narrow<T>(simt::widen(b[i]) + s * (simt::widen(a[i]) - simt::widen(b[i])));
  }
}

void gated_blend(ConstView g, ConstView a, ConstView b, View y) {
  dispatch_gpu(g.dtype, "gated_blend", [&](auto zero) {
    using T = decltype(zero);
    launch("gated_blend_scalar", gated_blend_kernel<T>, grid_for(y.numel()), y.numel(), g.as<T>(), a.as<T>(), b.as<T>(),
           y.as<T>());
  });
}

}  // namespace

// gated_blend_grad and the channel kernels stay the backend's own.
void fused_scalar(FusedKernels& k) { k.gated_blend = gated_blend; }

}  // namespace cf::cuda
