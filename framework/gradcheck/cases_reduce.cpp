#include "framework/gradcheck/case.h"

namespace cf {

GradCases reduce_cases() { return {}; }

}  // namespace cf
