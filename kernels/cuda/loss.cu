// Losses on the GPU: the mean as a reduction of terms that are computed on the way.
#include "kernels/loss.h"

#include "kernels/cuda/reduction.h"
#include "kernels/loss_functors.h"

namespace cf::cuda {
namespace {

using simt::narrow;
using simt::widen;

// f(x - target), element by element.
template <class Functor, class T>
struct Terms {
  using Value = float;
  static constexpr int kWide = simt::kVec<T>;
  const T* x;
  const T* target;
  float eps;

  bool wide() const { return aligned16(x) && aligned16(target); }
  template <int N>
  CF_DEVICE simt::Vec<float, N> load(std::int64_t offset) const {
    const auto a = simt::load<N>(x + offset);
    const auto b = simt::load<N>(target + offset);
    simt::Vec<float, N> out;
    for (int e = 0; e < N; ++e) out.v[e] = Functor::f(widen(a.v[e]) - widen(b.v[e]), eps);
    return out;
  }
};

template <class Functor, class T, int N>
CF_KERNEL void loss_grad_kernel(std::int64_t pieces, double count, float eps, const T* x, const T* target, const float* dy,
                                T* dx) {
  const float scale = static_cast<float>(static_cast<double>(*dy) / count);
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    auto v = simt::load<N>(x + i * N);
    const auto b = simt::load<N>(target + i * N);
    for (int e = 0; e < N; ++e) v.v[e] = narrow<T>(scale * Functor::d(widen(v.v[e]) - widen(b.v[e]), eps));
    simt::store(v, dx + i * N);
  }
}

void loss(Loss kind, double eps, ConstView x, ConstView target, View y) {
  dispatch_gpu(x.dtype, "loss", [&](auto zero) {
    using T = decltype(zero);
    functors::with(kind, [&]<class Functor>(Functor) {
      const std::int64_t n = x.numel();
      reduce<Sum>("loss", y.device, 1, n, 1, Terms<Functor, T>{x.as<T>(), target.as<T>(), static_cast<float>(eps)},
                  Results<float>{y.as<float>(), static_cast<double>(n)});
    });
  });
}

void loss_grad(Loss kind, double eps, ConstView x, ConstView target, ConstView dy, View dx) {
  dispatch_gpu(x.dtype, "loss_grad", [&](auto zero) {
    using T = decltype(zero);
    functors::with(kind, [&]<class Functor>(Functor) {
      with_vector_width<T>({x.data, target.data, dx.data}, x.numel(), [&](auto width, std::int64_t pieces) {
        launch("loss_grad", loss_grad_kernel<Functor, T, width()>, grid_for(pieces), pieces, static_cast<double>(x.numel()),
               static_cast<float>(eps), x.as<T>(), target.as<T>(), dy.as<float>(), dx.as<T>());
      });
    });
  });
}

}  // namespace

void fill(LossKernels& k) {
  k.loss = loss;
  k.loss_grad = loss_grad;
}

}  // namespace cf::cuda
