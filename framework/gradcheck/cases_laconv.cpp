#include "framework/gradcheck/case.h"

namespace cf {

GradCases laconv_cases() { return {}; }

}  // namespace cf
