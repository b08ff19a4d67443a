// Haar wavelets and the box high-pass of CF2N.
#pragma once

#include <array>

#include "framework/tensor/tensor.h"

namespace cf::ops {

// One orthonormal Haar level of (N, H, W, C), H and W even -> LL, HL, LH, HH, each (N, H/2, W/2, C). With a, b (even, odd row
// of the even column) and c, d (of the odd column), each halved: LL = a+b+c+d, HL = -a-b+c+d, LH = -a+b-c+d, HH = a-b-c+d.
std::array<Tensor, 4> haar_dwt(const Tensor& x);
// The inverse.
Tensor haar_iwt(const Tensor& ll, const Tensor& hl, const Tensor& lh, const Tensor& hh);
// x minus its size x size box mean, edges mirrored without repeating the edge pixel; size odd, H and W > size/2.
Tensor high_pass(const Tensor& x, std::int64_t size = 5);

}  // namespace cf::ops
