#include "kernels/pool.h"

namespace cf::cpu {

void fill(PoolKernels& k) { reference::fill(k); }

}  // namespace cf::cpu
