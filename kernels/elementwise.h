// Element-wise kernels: the contract every backend fills in. f32 and f64.
#pragma once

#include <cstdint>

#include "framework/core/view.h"

namespace cf {

enum class Unary : std::uint8_t { neg, abs, exp, sqrt, square, relu, leaky_relu, sigmoid, silu, tanh, clamp, affine };
// prelu(x, s) and its derivative by x, prelu_dx(x, s); the others are arithmetic.
enum class Binary : std::uint8_t { add, sub, mul, div, prelu, prelu_dx };

// Constants of a unary function; kernels/functors.h says which one reads what.
struct UnaryParams {
  double a = 0;
  double b = 0;
};

struct ElementwiseKernels {
  // y = f(x); x and y of equal shape, may be the same memory.
  void (*unary)(Unary op, UnaryParams p, ConstView x, View y);
  // dx = dy * f'(x), given y = f(x); dx may be dy's memory.
  void (*unary_grad)(Unary op, UnaryParams p, ConstView x, ConstView y, ConstView dy, View dx);
  // y = f(a, b), a and b broadcast to y's shape (aligned at the last dimension); y may be an operand of y's shape.
  void (*binary)(Binary op, ConstView a, ConstView b, View y);
  // y = a where condition (u8) is not zero, b elsewhere; all three broadcast to y's shape. y shares memory with none of them.
  void (*where)(ConstView condition, ConstView a, ConstView b, View y);
  // y = x in y's dtype, between any two dtypes (convert() of framework/core/dtype.h); equal shapes, separate memory.
  void (*cast)(ConstView x, View y);
  // y = value everywhere, any dtype.
  void (*fill)(double value, View y);
};

namespace reference {
void fill(ElementwiseKernels& k);
}
namespace cpu {
void fill(ElementwiseKernels& k);
}
namespace cuda {
void fill(ElementwiseKernels& k);
}

}  // namespace cf
