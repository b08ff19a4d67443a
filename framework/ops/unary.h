// Shared by the files of framework/ops: an operator made of one unary functor.
#pragma once

#include "framework/tensor/tensor.h"
#include "kernels/elementwise.h"

namespace cf::ops {

// y = f(x), recorded under `name`; saves x or y, whichever the derivative reads.
Tensor unary(const char* name, Unary op, UnaryParams p, const Tensor& x);

}  // namespace cf::ops
