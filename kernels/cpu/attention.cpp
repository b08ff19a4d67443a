#include "kernels/table.h"

namespace cf::cpu {

void fill(AttentionKernels& k) { k = kernel_table(Backend::reference).attention; }

}  // namespace cf::cpu
