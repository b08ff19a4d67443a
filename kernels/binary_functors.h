// Binary element-wise mathematics, written once for every backend. The derivatives are binary functions again and stand in
// framework/ops/elementwise.cpp and activation.cpp.
#pragma once

#include "kernels/functors.h"

namespace cf::functors {

struct Add {
  template <class T>
  CF_HOST_DEVICE static T f(T a, T b) {
    return a + b;
  }
};
struct Sub {
  template <class T>
  CF_HOST_DEVICE static T f(T a, T b) {
    return a - b;
  }
};
struct Mul {
  template <class T>
  CF_HOST_DEVICE static T f(T a, T b) {
    return a * b;
  }
};
struct Div {
  template <class T>
  CF_HOST_DEVICE static T f(T a, T b) {
    return a / b;
  }
};

// Leaky ReLU with a learned slope s, and its derivative by x.
struct Prelu {
  template <class T>
  CF_HOST_DEVICE static T f(T x, T s) {
    return x > T(0) ? x : s * x;
  }
};
struct PreluDx {
  template <class T>
  CF_HOST_DEVICE static T f(T x, T s) {
    return x > T(0) ? T(1) : s;
  }
};

// Calls fn(Functor{}) for a run-time operator.
template <class F>
decltype(auto) with(Binary op, F&& fn) {
  switch (op) {
    case Binary::add: return fn(Add{});
    case Binary::sub: return fn(Sub{});
    case Binary::mul: return fn(Mul{});
    case Binary::div: return fn(Div{});
    case Binary::prelu: return fn(Prelu{});
    case Binary::prelu_dx: return fn(PreluDx{});
  }
  return fn(Add{});
}

}  // namespace cf::functors
