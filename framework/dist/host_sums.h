// What groups with tensors on the CPU share.
#pragma once

#include <cstdint>

#include "framework/tensor/tensor.h"

namespace cf {

// Throws Error unless `values` is f32 or f64, and on the CPU.
void check_summed(const Tensor& values);
// to += from, `to` being a tensor that passes check_summed(), `from` as many values of its type.
void add_values(const Tensor& to, const void* from);
std::int64_t bytes_of(const Tensor& values);
// Throws Error unless there are 1, 2, 4, ... ranks.
void check_tree(int ranks);

}  // namespace cf
