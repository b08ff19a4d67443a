#include "kernels/loss.h"

#include "kernels/loss_functors.h"

namespace cf::reference {
namespace {

void loss(Loss kind, double eps, ConstView x, ConstView target, View y) {
  dispatch_float(x.dtype, "loss", [&](auto zero) {
    using T = decltype(zero);
    functors::with(kind, [&](auto functor) {
      const T* a = x.as<T>();
      const T* b = target.as<T>();
      double sum = 0;
      for (std::int64_t i = 0; i < x.numel(); ++i) sum += static_cast<double>(functor.f(a[i] - b[i], static_cast<T>(eps)));
      *y.as<T>() = static_cast<T>(sum / static_cast<double>(x.numel()));
    });
  });
}

void loss_grad(Loss kind, double eps, ConstView x, ConstView target, ConstView dy, View dx) {
  dispatch_float(x.dtype, "loss_grad", [&](auto zero) {
    using T = decltype(zero);
    functors::with(kind, [&](auto functor) {
      const T* a = x.as<T>();
      const T* b = target.as<T>();
      T* d = dx.as<T>();
      const T scale = static_cast<T>(static_cast<double>(*dy.as<T>()) / static_cast<double>(x.numel()));
      for (std::int64_t i = 0; i < x.numel(); ++i) d[i] = scale * functor.d(a[i] - b[i], static_cast<T>(eps));
    });
  });
}

}  // namespace

void fill(LossKernels& k) {
  k.loss = loss;
  k.loss_grad = loss_grad;
}

}  // namespace cf::reference
