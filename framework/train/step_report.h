// What ranks tell each other of their latest steps.
#pragma once

#include <vector>

#include "framework/dist/process_group.h"
#include "framework/train/step_log.h"

namespace cf {

// A step of the whole batch, the same on all ranks.
struct StepReport {
  double loss = 0;  // mean over all parts of all ranks, added up in their order
  double norm = 0;  // of the gradient of that mean
  // Where one of them is not finite: the ranks whose own loss is not, or else whose own gradient is not; all where neither is so.
  std::vector<int> broken = {};
};

struct RankReports {
  std::vector<StepReport> steps;
  int signal = 0;  // the largest that any rank brought
};

// Every rank brings equally many steps and the signal that reached it, 0 for none. `device` is the group's. One sum.
RankReports exchange(ProcessGroup& group, Device device, const std::vector<StepLog::Values>& own, int signal);

}  // namespace cf
