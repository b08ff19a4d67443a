// L-BAF, branch-wise alternating fine-tuning: from a trained network, one branch learns while the other rests, in turns.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "framework/io/config_rules.h"
#include "framework/nn/flat_range.h"
#include "framework/nn/param_store.h"
#include "models/fusion_model.h"

namespace cf {

// params: the resting branch's parameters stay as they are. detach: where the branches meet, the resting one receives no
// gradient (NetworkOptions::detach); the rest of the network trains on.
enum class LbafFreeze : std::uint8_t { params, detach };
constexpr auto enum_names(LbafFreeze) {
  return std::to_array<config::EnumName<LbafFreeze>>({{LbafFreeze::params, "params"}, {LbafFreeze::detach, "detach"}});
}

// Running statistics rest throughout: NetworkOptions::batch_statistics is false while period > 0.
struct LbafConfig {
  std::int64_t period = 0;
  LbafFreeze freeze = LbafFreeze::params;
  bool train_shared = true;

  template <class V>
  void fields(V& v) {
    v("period", period, "steps until the branches swap, the spatial one begins; 0: ordinary training", config::at_least(0));
    v("freeze", freeze, "what rests: the branch's parameters, or its share in the attention's gradient");
    v("train_shared", train_shared, "freeze = params: layers that belong to both branches learn in both phases");
  }
};

// The branch that rests in step `step` (0, 1, ...); none in ordinary training.
Branch resting_branch(const LbafConfig& config, std::int64_t step);

// What a parameter of SSDiff belongs to, by its name; none: to both.
Branch branch_of(std::string_view parameter);

// The parameters that an optimizer must leave bit for bit as they are in step `step`: rising ranges, neighbours joined, padding
// included. Empty unless freeze = params.
std::vector<FlatRange> frozen_ranges(const ParamStore& params, const LbafConfig& config, std::int64_t step);

}  // namespace cf
