// Functions of the error e = x - target whose means are the losses, and their derivatives.
#pragma once

#include <cmath>

#include "kernels/functors.h"
#include "kernels/loss.h"

namespace cf::functors {

struct L1 {
  template <class T>
  CF_HOST_DEVICE static T f(T e, T) {
    using std::abs;
    return abs(e);
  }
  template <class T>
  CF_HOST_DEVICE static T d(T e, T) {
    return e > T(0) ? T(1) : (e < T(0) ? T(-1) : e);
  }
};

struct SquaredError {
  template <class T>
  CF_HOST_DEVICE static T f(T e, T) {
    return e * e;
  }
  template <class T>
  CF_HOST_DEVICE static T d(T e, T) {
    return T(2) * e;
  }
};

struct Charbonnier {
  template <class T>
  CF_HOST_DEVICE static T f(T e, T eps) {
    using std::sqrt;
    return sqrt(e * e + eps * eps);
  }
  template <class T>
  CF_HOST_DEVICE static T d(T e, T eps) {
    return e / f(e, eps);
  }
};

template <class F>
decltype(auto) with(Loss kind, F&& fn) {
  switch (kind) {
    case Loss::l1: return fn(L1{});
    case Loss::mse: return fn(SquaredError{});
    case Loss::charbonnier: return fn(Charbonnier{});
  }
  return fn(L1{});
}

}  // namespace cf::functors
