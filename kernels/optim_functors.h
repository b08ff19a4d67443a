// The arithmetic of optimizer steps on one element, on the host and on devices.
#pragma once

#include <cmath>
#include <limits>

#include "framework/core/host_device.h"
#include "kernels/optim.h"

namespace cf::functors {

CF_HOST_DEVICE inline double step_value(const double* values, StepValue which) { return values[static_cast<int>(which)]; }

// The factor of the gradient in a step: NaN where its norm is not finite and the step must not be taken. max_norm 0: no
// clipping. squared_norm null: no norm is known.
CF_HOST_DEVICE inline double gradient_factor(const double* squared_norm, double max_norm) {
  if (squared_norm == nullptr) return 1;
  const double norm = std::sqrt(*squared_norm);
  if (!std::isfinite(norm)) return std::numeric_limits<double>::quiet_NaN();
  return max_norm > 0 && norm > max_norm ? max_norm / norm : 1;
}

// Moving average: shadow = keep * shadow + take * p.
template <class T>
struct EmaElement {
  T keep;
  T take;

  EmaElement() = default;
  CF_HOST_DEVICE explicit EmaElement(const double* values)
      : keep(static_cast<T>(step_value(values, StepValue::ema_decay))),
        take(static_cast<T>(1 - step_value(values, StepValue::ema_decay))) {}
  CF_HOST_DEVICE T operator()(T shadow, T p) const { return keep * shadow + take * p; }
};

// An update makes the new weight of one element from weight, gradient and state, and changes the state.
template <class T>
struct AdamElement {
  using Step = AdamStep;
  static constexpr int kState = 2;  // mean, mean square
  T rate, root, l2, keep, eps, beta1, beta2, rest1, rest2;

  AdamElement() = default;
  CF_HOST_DEVICE AdamElement(const AdamStep& s, const double* values) {
    const double lr = step_value(values, StepValue::lr);
    rate = static_cast<T>(lr / step_value(values, StepValue::bias1));
    root = static_cast<T>(std::sqrt(step_value(values, StepValue::bias2)));
    l2 = static_cast<T>(s.decoupled ? 0 : s.weight_decay);
    keep = static_cast<T>(s.decoupled ? 1 - lr * s.weight_decay : 1);
    eps = static_cast<T>(s.eps);
    beta1 = static_cast<T>(s.beta1);
    beta2 = static_cast<T>(s.beta2);
    rest1 = static_cast<T>(1 - s.beta1);
    rest2 = static_cast<T>(1 - s.beta2);
  }
  CF_HOST_DEVICE T operator()(T p, T g, T (&state)[kState]) const {
    const T d = g + l2 * p;
    state[0] = beta1 * state[0] + rest1 * d;
    state[1] = beta2 * state[1] + rest2 * d * d;
    return keep * p - rate * state[0] / (std::sqrt(state[1]) / root + eps);
  }
};

template <class T>
struct SgdElement {
  using Step = SgdStep;
  static constexpr int kState = 1;  // velocity
  T rate, momentum, l2;

  SgdElement() = default;
  CF_HOST_DEVICE SgdElement(const SgdStep& s, const double* values)
      : rate(static_cast<T>(step_value(values, StepValue::lr))),
        momentum(static_cast<T>(s.momentum)),
        l2(static_cast<T>(s.weight_decay)) {}
  CF_HOST_DEVICE T operator()(T p, T g, T (&state)[kState]) const {
    state[0] = momentum * state[0] + g + l2 * p;
    return p - rate * state[0];
  }
};

template <class T>
struct RmspropElement {
  using Step = RmspropStep;
  static constexpr int kState = 1;  // mean square
  T rate, alpha, rest, eps, l2;

  RmspropElement() = default;
  CF_HOST_DEVICE RmspropElement(const RmspropStep& s, const double* values)
      : rate(static_cast<T>(step_value(values, StepValue::lr))),
        alpha(static_cast<T>(s.alpha)),
        rest(static_cast<T>(1 - s.alpha)),
        eps(static_cast<T>(s.eps)),
        l2(static_cast<T>(s.weight_decay)) {}
  CF_HOST_DEVICE T operator()(T p, T g, T (&state)[kState]) const {
    const T d = g + l2 * p;
    state[0] = alpha * state[0] + rest * d * d;
    return p - rate * d / (std::sqrt(state[0]) + eps);
  }
};

}  // namespace cf::functors
