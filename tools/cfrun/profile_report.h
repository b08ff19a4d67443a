// A profile (framework/core/profile.h) around a piece of work: as a table and as JSON.
#pragma once

#include <array>
#include <map>
#include <string>

#include "framework/core/profile.h"
#include "framework/io/json.h"
#include "framework/lab/bench.h"
#include "tools/cfrun/experiment.h"

namespace cf {

// In a captured step no operator can be told from another: capture is switched off, and said so.
void run_uncaptured(Experiment& experiment);
// Times and calls by operator, and of the steps.
ordered_json profile_json(const profile::Report& report);

// What the operators of a network cost, by their shapes.
class OperatorCosts {
 public:
  // As an ObserveOps sees an operator (framework/autograd/record.h).
  void see(const char* name, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs);

  struct Sum {
    double flop = 0, bytes = 0;
    double seconds = 0;  // the floor: of each call the longer of its FLOP and its bytes at what the machine can do
  };
  struct Both {
    Sum forward, backward;
  };
  // By operator; probes the machine.
  std::map<std::string, Both> sums(lab::Roofline& roofline) const;

 private:
  using Call = std::array<double, 4>;  // FLOP and bytes, forward and backward
  std::map<std::string, std::map<Call, std::int64_t>> calls_;
};

// Per step, of `steps` that the profile saw: time of each operator, its rates and how close it comes to its floor.
std::string roofline_table(const profile::Report& report, const std::map<std::string, OperatorCosts::Both>& costs,
                           std::int64_t steps);
ordered_json roofline_json(const std::map<std::string, OperatorCosts::Both>& costs, std::int64_t steps);

}  // namespace cf
