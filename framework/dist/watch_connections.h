// The connections of the watch: each rank's to rank 0, by TCP.
#pragma once

#include <vector>

#include "framework/dist/frames.h"
#include "framework/dist/process_group.h"

namespace cf::watch {

// On rank 0 the connections to all ranks, by rank, its own left out (unopened); on the others the one to rank 0. Called by all
// ranks, whose group carries the address and a secret that rank 0 makes up. Throws Error, on all, where one cannot reach rank 0.
std::vector<FrameSocket> connect(ProcessGroup& group);

}  // namespace cf::watch
