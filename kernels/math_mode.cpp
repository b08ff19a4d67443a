#include "kernels/math_mode.h"

namespace cf {
namespace {

MathMode current;

}  // namespace

const MathMode& math_mode() { return current; }
void set_math_mode(const MathMode& mode) { current = mode; }

}  // namespace cf
