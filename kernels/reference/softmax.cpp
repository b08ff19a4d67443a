#include "kernels/softmax.h"

#include <algorithm>
#include <cmath>

namespace cf::reference {
namespace {

void softmax(ConstView x, View y) {
  dispatch_float(x.dtype, "softmax", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t c = x.shape[-1];
    for (std::int64_t i = 0; i < x.numel(); i += c) {
      const T* in = x.as<T>() + i;
      T* out = y.as<T>() + i;
      const T peak = *std::max_element(in, in + c);
      double sum = 0;
      for (std::int64_t k = 0; k < c; ++k) {
        out[k] = std::exp(in[k] - peak);
        sum += static_cast<double>(out[k]);
      }
      for (std::int64_t k = 0; k < c; ++k) out[k] = static_cast<T>(static_cast<double>(out[k]) / sum);
    }
  });
}

void softmax_grad(ConstView y, ConstView dy, View dx) {
  dispatch_float(y.dtype, "softmax_grad", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t c = y.shape[-1];
    for (std::int64_t i = 0; i < y.numel(); i += c) {
      const T* out = y.as<T>() + i;
      const T* g = dy.as<T>() + i;
      T* d = dx.as<T>() + i;
      double dot = 0;
      for (std::int64_t k = 0; k < c; ++k) dot += static_cast<double>(out[k]) * static_cast<double>(g[k]);
      for (std::int64_t k = 0; k < c; ++k) d[k] = out[k] * (g[k] - static_cast<T>(dot));
    }
  });
}

}  // namespace

void fill(SoftmaxKernels& k) {
  k.softmax = softmax;
  k.softmax_grad = softmax_grad;
}

}  // namespace cf::reference
