// The element-by-element comparison behind a failed gradient check.
#pragma once

#include <string>

#include "framework/gradcheck/problem.h"

namespace cf {

// Compares the Jacobian of all outputs by variable `variable`: rows by backward passes of `checked` (fast backend in f32),
// columns by central differences of `exact` (f64). Says how many elements differ by more than `tolerance` of the largest and
// lists the worst. Of a Jacobian with many rows or columns an even choice of them is compared.
std::string compare_jacobian(const Problem& exact, const Problem& checked, std::size_t variable, double tolerance);

}  // namespace cf
