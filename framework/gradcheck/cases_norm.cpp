#include "framework/gradcheck/case.h"

namespace cf {

GradCases norm_cases() { return {}; }

}  // namespace cf
