#include "kernels/optim.h"

#include <cmath>

namespace cf::reference {
namespace {

void adam(const AdamStep& s, View p, ConstView g, View m, View v) {
  dispatch_float(p.dtype, "adam", [&](auto zero) {
    using T = decltype(zero);
    T* w = p.as<T>();
    const T* gradient = g.as<T>();
    T* mean = m.as<T>();
    T* square = v.as<T>();
    const auto step = static_cast<double>(s.step);
    const T rate = static_cast<T>(s.lr / (1 - std::pow(s.beta1, step)));
    const T root = static_cast<T>(std::sqrt(1 - std::pow(s.beta2, step)));
    const T l2 = static_cast<T>(s.decoupled ? 0 : s.weight_decay);
    const T keep = static_cast<T>(s.decoupled ? 1 - s.lr * s.weight_decay : 1);
    const T beta1 = static_cast<T>(s.beta1);
    const T beta2 = static_cast<T>(s.beta2);
    const T rest1 = static_cast<T>(1 - s.beta1);
    const T rest2 = static_cast<T>(1 - s.beta2);
    for (std::int64_t i = 0; i < p.numel(); ++i) {
      const T d = gradient[i] + l2 * w[i];
      mean[i] = beta1 * mean[i] + rest1 * d;
      square[i] = beta2 * square[i] + rest2 * d * d;
      w[i] = keep * w[i] - rate * mean[i] / (std::sqrt(square[i]) / root + static_cast<T>(s.eps));
    }
  });
}

void sgd(const SgdStep& s, View p, ConstView g, View velocity) {
  dispatch_float(p.dtype, "sgd", [&](auto zero) {
    using T = decltype(zero);
    T* w = p.as<T>();
    const T* gradient = g.as<T>();
    T* v = velocity.as<T>();
    for (std::int64_t i = 0; i < p.numel(); ++i) {
      v[i] = static_cast<T>(s.momentum) * v[i] + gradient[i] + static_cast<T>(s.weight_decay) * w[i];
      w[i] -= static_cast<T>(s.lr) * v[i];
    }
  });
}

void rmsprop(const RmspropStep& s, View p, ConstView g, View square) {
  dispatch_float(p.dtype, "rmsprop", [&](auto zero) {
    using T = decltype(zero);
    T* w = p.as<T>();
    const T* gradient = g.as<T>();
    T* q = square.as<T>();
    for (std::int64_t i = 0; i < p.numel(); ++i) {
      const T d = gradient[i] + static_cast<T>(s.weight_decay) * w[i];
      q[i] = static_cast<T>(s.alpha) * q[i] + static_cast<T>(1 - s.alpha) * d * d;
      w[i] -= static_cast<T>(s.lr) * d / (std::sqrt(q[i]) + static_cast<T>(s.eps));
    }
  });
}

double squared_norm(ConstView x) {
  return dispatch_float(x.dtype, "squared_norm", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    double sum = 0;
    for (std::int64_t i = 0; i < x.numel(); ++i) sum += static_cast<double>(in[i]) * static_cast<double>(in[i]);
    return sum;
  });
}

void scale(double factor, View x) {
  dispatch_float(x.dtype, "scale", [&](auto zero) {
    using T = decltype(zero);
    T* out = x.as<T>();
    for (std::int64_t i = 0; i < x.numel(); ++i) out[i] *= static_cast<T>(factor);
  });
}

void ema(double decay, View shadow, ConstView p) {
  dispatch_float(shadow.dtype, "ema", [&](auto zero) {
    using T = decltype(zero);
    const T* in = p.as<T>();
    T* out = shadow.as<T>();
    for (std::int64_t i = 0; i < shadow.numel(); ++i) {
      out[i] = static_cast<T>(decay) * out[i] + static_cast<T>(1 - decay) * in[i];
    }
  });
}

}  // namespace

void fill(OptimKernels& k) {
  k.adam = adam;
  k.sgd = sgd;
  k.rmsprop = rmsprop;
  k.squared_norm = squared_norm;
  k.scale = scale;
  k.ema = ema;
}

}  // namespace cf::reference
