// Gradient cases of the networks, small ones.
#pragma once

#include "framework/gradcheck/case.h"

namespace cf {

GradCases network_cases();

}  // namespace cf
