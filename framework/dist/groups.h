// The groups of several ranks behind the interface of process_group.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/core/device.h"
#include "framework/dist/process_group.h"
#include "framework/dist/rank_place.h"

namespace cf {

// What an open group does at its end.
class OpenGroup : public ProcessGroup {
 public:
  // All ranks have ended their work and call this.
  virtual void finish() = 0;
};

// The ranks of Open MPI's mpirun or of srun; backend "mpi". Sums that were begun go on beside the computation by a thread that
// looks after them. Throws Error where there is no MPI here, or another one started the ranks.
std::unique_ptr<OpenGroup> mpi_group(const RankPlace& place);

// The ranks that cfrun started on one machine without MPI, connected by sockets that they inherited; backend "socket". For texts
// and small tensors: everything goes through rank 0. place.sockets: on rank 0 the descriptors of its ends to ranks 1, 2, ..., on
// the others that of the end to rank 0, separated by commas.
std::unique_ptr<OpenGroup> socket_group(const RankPlace& place);
// Runs `words` (a program's path, its arguments) as so many ranks that can open a socket_group(), and returns their exit code.
int run_connected(const std::vector<std::string>& words, int ranks);

// Tensors on the GPU `device`, summed by NCCL over the ranks of `hosts`, which must outlive it: texts travel over that. Backend
// "nccl". Sums run on a stream of their own; the host waits for none. Not inside recorded work. Throws Error where this program
// was built without CUDA or NCCL cannot be loaded.
std::unique_ptr<ProcessGroup> nccl_group(ProcessGroup& hosts, Device device);
// What keeps nccl_group() from working here; empty: nothing that is known before.
std::string nccl_missing();

}  // namespace cf
