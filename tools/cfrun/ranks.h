// The ranks that this process is one of.
#pragma once

#include <memory>

#include "framework/core/device.h"
#include "framework/dist/process_group.h"

namespace cf {

// The group that mpirun, srun or `--ranks` started this process in, opened at the first call; of one where it was started by
// itself. Its tensors are on the CPU. Throws Error where the group cannot be opened.
ProcessGroup& world();

// The group whose tensors are on `device`: world() on the CPU, on a GPU a group of NCCL over the same ranks.
std::shared_ptr<ProcessGroup> group_on(Device device);

}  // namespace cf
