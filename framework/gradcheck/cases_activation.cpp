#include "framework/gradcheck/case.h"

namespace cf {

GradCases activation_cases() { return {}; }

}  // namespace cf
