#include "tools/cfrun/profile_report.h"

#include "framework/core/log.h"

namespace cf {

void run_uncaptured(Experiment& experiment) {
  if (!experiment.capture) return;
  log::info("profile: steps are not captured, so that operators can be told apart");
  experiment.capture = false;
}

ordered_json profile_json(const profile::Report& report) {
  ordered_json operators = ordered_json::array();
  for (const profile::Line& l : report.lines) {
    operators.push_back({{"name", l.name},
                         {"forward_calls", l.forward_calls},
                         {"forward_ms", l.forward_seconds * 1e3},
                         {"backward_calls", l.backward_calls},
                         {"backward_ms", l.backward_seconds * 1e3}});
  }
  return {{"steps", report.steps},
          {"steps_ms", report.step_seconds * 1e3},
          {"waited_after_each_operator", report.waited},
          {"operators", operators}};
}

}  // namespace cf
