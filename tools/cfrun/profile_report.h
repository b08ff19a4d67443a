// A profile (framework/core/profile.h) around a piece of work: as a table and as JSON.
#pragma once

#include "framework/core/profile.h"
#include "framework/io/json.h"
#include "tools/cfrun/experiment.h"

namespace cf {

// In a captured step no operator can be told from another: capture is switched off, and said so.
void run_uncaptured(Experiment& experiment);
// Times and calls by operator, and of the steps.
ordered_json profile_json(const profile::Report& report);

}  // namespace cf
