// A batch in parts of equal size: what becomes of their losses and gradients.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

// The gradient of a mean over `parts` that a backward pass of one of them starts from; undefined, which stands for 1, where
// there is one part.
Tensor share_of(const Tensor& loss, std::int64_t parts);
// Tensors (1) in one.
Tensor gathered(const std::vector<Tensor>& numbers);

// The sum of item(first) ... item(first + count - 1), which are asked for in this order, once each: halves while `count` is
// even, one after another where it is odd. A half of the items, or a quarter, ..., is a subtree, so that ranks that share the
// items evenly have one each and ProcessGroup::tree_sum is the rest of the tree. At most log2(count) + 2 sums exist at once.
Tensor tree_total(std::int64_t first, std::int64_t count, const std::function<Tensor(std::int64_t)>& item);

}  // namespace cf
