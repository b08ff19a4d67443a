// Gradient cases of the layers.
#pragma once

#include "framework/gradcheck/case.h"

namespace cf {

GradCases layer_cases();

}  // namespace cf
