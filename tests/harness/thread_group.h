// Ranks that are threads of one process: a process group for tests.
#pragma once

#include <functional>

#include "framework/dist/process_group.h"

namespace cf::test {

// Calls work(group) on `ranks` threads, each with its place in one group, and returns when all are done. What one throws is
// thrown again; the others then find an Error in their next call. The group checks what it is given: all ranks' calls are of one
// kind and shape, sums are waited for once, in the order they were begun, and what belongs to a sum that is under way stays
// unread by it until then, so that what is written there meanwhile shows in the result.
void run_ranks(int ranks, const std::function<void(ProcessGroup& group)>& work);

}  // namespace cf::test
