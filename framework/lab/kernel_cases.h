// Cases of kernels that no operator with a gradient calls: optimizer steps, conversions.
#pragma once

#include "framework/gradcheck/case.h"

namespace cf::lab {

// As case_families(); nothing of these is differentiable.
std::span<const CaseFamily> kernel_case_families();

}  // namespace cf::lab
