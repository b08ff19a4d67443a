// Batches of training samples from a set that stays in memory.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf::ops {

// out[b] = set[index[b]] / scale, transposed and mirrored as orientation[b] says: set (N, h, w, C) of u8, u16 or f32; index i64
// (B); orientation u8 (B), bit 0 transposes, then bit 1 mirrors top-bottom and bit 2 left-right; out (B, h, w, C) of f32 or bf16,
// overwritten. All on one device, whose queue the work joins: recorded work reads index and orientation anew at every start. Has
// no gradient. Throws Error where shapes, types or devices do not fit, and on the CPU where a sample cannot be taken: an index
// outside the set, an unknown orientation, a transposition where h != w. A GPU makes such a sample NaN.
void gather_patches(const Tensor& set, const Tensor& index, const Tensor& orientation, double scale, const Tensor& out);

}  // namespace cf::ops
