// Sums, means and maxima over chosen dimensions.
#pragma once

#include <vector>

#include "framework/tensor/tensor.h"

namespace cf::ops {

// Reduces over `dims` (negative counts from the end; empty: all). Reduced dimensions stay with extent 1; where all are
// reduced and `keep` is false the result is (1).
Tensor sum(const Tensor& x, const std::vector<int>& dims = {}, bool keep = true);
Tensor mean(const Tensor& x, const std::vector<int>& dims = {}, bool keep = true);
// The gradient is shared equally by the elements that reach the maximum (as PyTorch's amax). NaN propagates.
Tensor max(const Tensor& x, const std::vector<int>& dims = {}, bool keep = true);

}  // namespace cf::ops
