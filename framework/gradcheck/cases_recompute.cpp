#include "framework/gradcheck/case.h"

namespace cf {

GradCases recompute_cases() { return {}; }

}  // namespace cf
