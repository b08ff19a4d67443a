#include "kernels/random.h"

namespace cf::cpu {

void fill(RandomKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
