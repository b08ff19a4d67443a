#include "kernels/optim.h"

#include <array>
#include <cmath>

#include "kernels/optim_functors.h"

namespace cf::reference {
namespace {

template <template <class> class Element, class Step, class... State>
void update(const char* op, const Step& s, const StepFrame& f, View p, ConstView g, State... states) {
  const double factor = functors::gradient_factor(f.squared_norm ? f.squared_norm.as<double>() : nullptr, f.max_norm);
  if (!std::isfinite(factor)) return;
  dispatch_float(p.dtype, op, [&](auto zero) {
    using T = decltype(zero);
    const Element<T> element(s, f.values.as<double>());
    const functors::EmaElement<T> average(f.values.as<double>());
    const std::array<T*, sizeof...(State)> state = {states.template as<T>()...};
    T* w = p.as<T>();
    const T* gradient = g.as<T>();
    T* shadow = f.shadow ? f.shadow.as<T>() : nullptr;
    for (std::int64_t i = 0; i < p.numel(); ++i) {
      T mine[sizeof...(State)];
      for (std::size_t k = 0; k < state.size(); ++k) mine[k] = state[k][i];
      w[i] = element(w[i], static_cast<T>(factor) * gradient[i], mine);
      for (std::size_t k = 0; k < state.size(); ++k) state[k][i] = mine[k];
      if (shadow != nullptr) shadow[i] = average(shadow[i], w[i]);
    }
  });
}

void adam(const AdamStep& s, const StepFrame& f, View p, ConstView g, View m, View v) {
  update<functors::AdamElement>("adam", s, f, p, g, m, v);
}

void sgd(const SgdStep& s, const StepFrame& f, View p, ConstView g, View velocity) {
  update<functors::SgdElement>("sgd", s, f, p, g, velocity);
}

void rmsprop(const RmspropStep& s, const StepFrame& f, View p, ConstView g, View square) {
  update<functors::RmspropElement>("rmsprop", s, f, p, g, square);
}

void squared_norm(ConstView x, View sum) {
  dispatch_float(x.dtype, "squared_norm", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    double total = 0;
    for (std::int64_t i = 0; i < x.numel(); ++i) total += static_cast<double>(in[i]) * static_cast<double>(in[i]);
    *sum.as<double>() = total;
  });
}

void clip(double max_norm, ConstView squared_norm, View x) {
  const double factor = functors::gradient_factor(squared_norm.as<double>(), max_norm);
  if (!std::isfinite(factor)) return;
  dispatch_float(x.dtype, "clip", [&](auto zero) {
    using T = decltype(zero);
    T* out = x.as<T>();
    for (std::int64_t i = 0; i < x.numel(); ++i) out[i] *= static_cast<T>(factor);
  });
}

void ema(ConstView values, View shadow, ConstView p) {
  dispatch_float(shadow.dtype, "ema", [&](auto zero) {
    using T = decltype(zero);
    const functors::EmaElement<T> average(values.as<double>());
    const T* in = p.as<T>();
    T* out = shadow.as<T>();
    for (std::int64_t i = 0; i < shadow.numel(); ++i) out[i] = average(out[i], in[i]);
  });
}

}  // namespace

void fill(OptimKernels& k) {
  k.adam = adam;
  k.sgd = sgd;
  k.rmsprop = rmsprop;
  k.squared_norm = squared_norm;
  k.clip = clip;
  k.ema = ema;
}

}  // namespace cf::reference
