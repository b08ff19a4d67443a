// The ranks that this process is one of.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/core/device.h"
#include "framework/dist/process_group.h"
#include "framework/dist/watch.h"

namespace cf {

// The group that mpirun, srun or `--ranks` started this process in, opened at the first call; of one where it was started by
// itself. Its tensors are on the CPU. From then on standard output and information in the log come from rank 0 alone, and threads
// are shared out where nobody did. Throws Error where the group cannot be opened.
ProcessGroup& world();

// The group whose tensors are on `device`: world() on the CPU, on a GPU a group of NCCL over the same ranks; of one where this
// process was started by itself. Throws Error where this program was built without CUDA or has no NCCL here.
std::shared_ptr<ProcessGroup> group_on(Device device);

// The name of the device that this rank computes on, of the configured one and the configured GPUs: "cuda" and "auto" stand for
// the GPU of this rank's number on its machine, where there are GPUs. All ranks call it. Throws Error where more ranks run here
// than there are GPUs, and where only some find GPUs.
std::string device_of_rank(const std::string& device, const std::vector<std::int64_t>& gpus);

// Throws Error unless so many ranks find a GPU each on this machine, which has some: of `gpus`, or of all where that is empty.
void check_gpus(std::int64_t ranks, const std::vector<std::int64_t>& gpus);

// Throws Error, on all ranks, where one of these facts (name, value) is not the same on all of them: it names the first rank that
// differs from rank 0, and the fact.
void compare_ranks(const std::vector<std::pair<std::string, std::string>>& facts);

// For main. The ranks' work is done: returns when all are here. Throws Error where another rank fails instead.
void close_ranks();
// This process fails: where it is one of several ranks, tells the others, has it printed once, and ends the process. Else
// returns.
void fail_ranks(const std::string& reason, int code);

}  // namespace cf
