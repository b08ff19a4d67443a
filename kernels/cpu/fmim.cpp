#include "kernels/table.h"

namespace cf::cpu {

void fill(FmimKernels& k) { k = kernel_table(Backend::reference).fmim; }

}  // namespace cf::cpu
