// Classical methods beside a network in the table of `cfrun test`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/cfrun/evaluate.h"

namespace cf {

// The metrics of the batch's first image as each classical method but EXP fuses it, with the MTF gains of the experiment's
// sensor itself (nothing stands in for it): name and row, in the order of classical_names(). Throws Error where a method cannot
// fuse such images.
std::vector<std::pair<std::string, MetricList>> baseline_rows(const Batch& batch, const Experiment& experiment);

}  // namespace cf
