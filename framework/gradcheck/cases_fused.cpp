#include "framework/gradcheck/case.h"

namespace cf {

GradCases fused_cases() { return {}; }

}  // namespace cf
