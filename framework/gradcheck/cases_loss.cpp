#include "framework/gradcheck/case.h"

namespace cf {

GradCases loss_cases() { return {}; }

}  // namespace cf
