// Unary element-wise mathematics, written once for every backend: the function `f` and, beside it, its derivative `d`.
#pragma once

#include <cmath>

#include "framework/core/host_device.h"
#include "kernels/elementwise.h"

namespace cf::functors {

// f(x), and d(x, y) = f'(x) given y = f(x), whichever of the two is cheaper to use.

struct Neg {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams) {
    return -x;
  }
  template <class T>
  CF_HOST_DEVICE static T d(T, T, UnaryParams) {
    return T(-1);
  }
};

struct Abs {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams) {
    return x < T(0) ? -x : x;
  }
  template <class T>
  CF_HOST_DEVICE static T d(T x, T, UnaryParams) {
    return x > T(0) ? T(1) : (x < T(0) ? T(-1) : T(0));
  }
};

struct Exp {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams) {
    using std::exp;
    return exp(x);
  }
  template <class T>
  CF_HOST_DEVICE static T d(T, T y, UnaryParams) {
    return y;
  }
};

struct Sqrt {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams) {
    using std::sqrt;
    return sqrt(x);
  }
  template <class T>
  CF_HOST_DEVICE static T d(T, T y, UnaryParams) {
    return T(0.5) / y;
  }
};

struct Square {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams) {
    return x * x;
  }
  template <class T>
  CF_HOST_DEVICE static T d(T x, T, UnaryParams) {
    return T(2) * x;
  }
};

// NaN stays NaN.
struct Relu {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams) {
    return x <= T(0) ? T(0) : x;
  }
  template <class T>
  CF_HOST_DEVICE static T d(T, T y, UnaryParams) {
    return y <= T(0) ? T(0) : T(1);
  }
};

// p.a is the slope for negative x; it must be positive where d is used with y alone.
struct LeakyRelu {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams p) {
    return x > T(0) ? x : static_cast<T>(p.a) * x;
  }
  template <class T>
  CF_HOST_DEVICE static T d(T, T y, UnaryParams p) {
    return y > T(0) ? T(1) : static_cast<T>(p.a);
  }
};

struct Sigmoid {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams) {
    using std::exp;
    return T(1) / (T(1) + exp(-x));
  }
  template <class T>
  CF_HOST_DEVICE static T d(T, T y, UnaryParams) {
    return y * (T(1) - y);
  }
};

struct Silu {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams p) {
    return x * Sigmoid::f(x, p);
  }
  template <class T>
  CF_HOST_DEVICE static T d(T x, T, UnaryParams p) {
    const T s = Sigmoid::f(x, p);
    return s * (T(1) + x * (T(1) - s));
  }
};

struct Tanh {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams) {
    using std::tanh;
    return tanh(x);
  }
  template <class T>
  CF_HOST_DEVICE static T d(T, T y, UnaryParams) {
    return T(1) - y * y;
  }
};

// x limited to [p.a, p.b]; the derivative is 1 inside and on the bounds, as in PyTorch.
struct Clamp {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams p) {
    const T lo = static_cast<T>(p.a);
    const T hi = static_cast<T>(p.b);
    return x < lo ? lo : (x > hi ? hi : x);
  }
  template <class T>
  CF_HOST_DEVICE static T d(T x, T, UnaryParams p) {
    return x < static_cast<T>(p.a) || x > static_cast<T>(p.b) ? T(0) : T(1);
  }
};

// p.a * x + p.b: every operator with a scalar.
struct Affine {
  template <class T>
  CF_HOST_DEVICE static T f(T x, UnaryParams p) {
    return static_cast<T>(p.a) * x + static_cast<T>(p.b);
  }
  template <class T>
  CF_HOST_DEVICE static T d(T, T, UnaryParams p) {
    return static_cast<T>(p.a);
  }
};

// Calls fn(Functor{}) for a run-time operator.
template <class F>
decltype(auto) with(Unary op, F&& fn) {
  switch (op) {
    case Unary::neg: return fn(Neg{});
    case Unary::abs: return fn(Abs{});
    case Unary::exp: return fn(Exp{});
    case Unary::sqrt: return fn(Sqrt{});
    case Unary::square: return fn(Square{});
    case Unary::relu: return fn(Relu{});
    case Unary::leaky_relu: return fn(LeakyRelu{});
    case Unary::sigmoid: return fn(Sigmoid{});
    case Unary::silu: return fn(Silu{});
    case Unary::tanh: return fn(Tanh{});
    case Unary::clamp: return fn(Clamp{});
    case Unary::affine: return fn(Affine{});
  }
  return fn(Neg{});
}

}  // namespace cf::functors
