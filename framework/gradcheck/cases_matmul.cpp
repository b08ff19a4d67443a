#include "framework/gradcheck/case.h"

namespace cf {

GradCases matmul_cases() { return {}; }

}  // namespace cf
