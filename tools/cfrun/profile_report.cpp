#include "tools/cfrun/profile_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/log.h"
#include "framework/ops/cost.h"

namespace cf {
namespace {

// Time, rates and share of the floor of one direction; blanks where it did not run or its cost is not known.
std::string columns(double seconds, const OperatorCosts::Sum* cost, double steps) {
  if (seconds == 0) return fmt::format("{:>9} {:>8} {:>7} {:>6}", "", "", "", "");
  const std::string ms = fmt::format("{:.3f}", seconds / steps * 1e3);
  if (cost == nullptr || cost->bytes == 0) return fmt::format("{:>9} {:>8} {:>7} {:>6}", ms, "", "", "");
  return fmt::format("{:>9} {:>8.1f} {:>7.1f} {:>5.0f}%", ms, cost->flop / seconds * 1e-9, cost->bytes / seconds * 1e-9,
                     100 * cost->seconds / seconds);
}

ordered_json json_of(const OperatorCosts::Sum& s, double steps) {
  return {{"gflop", s.flop / steps * 1e-9}, {"mb", s.bytes / steps * 1e-6}, {"floor_ms", s.seconds / steps * 1e3}};
}

}  // namespace

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

void OperatorCosts::see(const char* name, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs) {
  const ops::OpCost c = ops::cost_of(name, inputs, outputs);
  ++calls_[name][{c.forward.flop, c.forward.bytes, c.backward.flop, c.backward.bytes}];
}

std::map<std::string, OperatorCosts::Both> OperatorCosts::sums(lab::Roofline& roofline) const {
  std::map<std::string, Both> sums;
  for (const auto& [name, calls] : calls_) {
    for (const auto& [call, count] : calls) {
      const auto add = [&](Sum& to, double flop, double bytes) {
        const auto times = static_cast<double>(count);
        to.flop += times * flop;
        to.bytes += times * bytes;
        if (bytes > 0) to.seconds += times * std::max(flop / roofline.peak(), bytes / roofline.bandwidth(bytes));
      };
      add(sums[name].forward, call[0], call[1]);
      add(sums[name].backward, call[2], call[3]);
    }
  }
  return sums;
}

std::string roofline_table(const profile::Report& report, const std::map<std::string, OperatorCosts::Both>& costs,
                           std::int64_t steps) {
  const auto count = static_cast<double>(steps);
  double total = 0;
  for (const profile::Line& l : report.lines) total += l.seconds();
  const std::string head = fmt::format("{:>9} {:>8} {:>7} {:>6}", "ms", "GFLOP/s", "GB/s", "floor");
  std::string text = fmt::format("{:<20} {:>6}  {}  {}  {:>6}\n", "operator, per step", "calls", head, head, "share");
  for (const profile::Line& l : report.lines) {
    const auto it = costs.find(l.name);
    const OperatorCosts::Both* c = it == costs.end() ? nullptr : &it->second;
    text += fmt::format("{:<20} {:>6.0f}  {}  {}  {:>5.1f}%\n", l.name, static_cast<double>(l.forward_calls) / count,
                        columns(l.forward_seconds, c == nullptr ? nullptr : &c->forward, count),
                        columns(l.backward_seconds, c == nullptr ? nullptr : &c->backward, count),
                        total == 0 ? 0 : 100 * l.seconds() / total);
  }
  return text + fmt::format(
                    "all operators: {:.3f} ms. Left of each line forward, right backward; floor: the share of the time that its "
                    "FLOP or its bytes, whichever is longer, take at the probed rates.\n",
                    total / count * 1e3);
}

ordered_json roofline_json(const std::map<std::string, OperatorCosts::Both>& costs, std::int64_t steps) {
  ordered_json all = ordered_json::object();
  const auto count = static_cast<double>(steps);
  for (const auto& [name, c] : costs)
    all[name] = {{"forward", json_of(c.forward, count)}, {"backward", json_of(c.backward, count)}};
  return all;
}

}  // namespace cf
