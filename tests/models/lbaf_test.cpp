#include "models/ssdiff/lbaf.h"

#include <doctest/doctest.h>

#include <map>

#include "framework/core/check.h"
#include "models/registry.h"

using namespace cf;

namespace {

struct Built {
  Built() {
    ModelConfig config;
    config.name = "ssdiff";
    model = make_model(config, store, 1);
  }
  ParamStore store;
  std::unique_ptr<FusionModel> model;
};

bool inside(const std::vector<FlatRange>& ranges, std::int64_t at) {
  for (const FlatRange& r : ranges) {
    if (at >= r.begin && at < r.end) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("every parameter of SSDiff belongs to a branch or to both") {
  CHECK(branch_of("spatial.time.weight") == Branch::spatial);
  CHECK(branch_of("block3.out.bias") == Branch::spatial);
  CHECK(branch_of("fusion2.sa2.weight") == Branch::spatial);
  CHECK(branch_of("base.weight") == Branch::spectral);
  CHECK(branch_of("head1.bias") == Branch::spectral);
  CHECK(branch_of("fusion0.se1.weight") == Branch::spectral);
  CHECK(branch_of("fusion0.to_out.bias") == Branch::spectral);
  CHECK(branch_of("fusion4.ff.out.weight") == Branch::spectral);
  CHECK(branch_of("fusion4.ff.norm.weight") == Branch::none);
  CHECK(branch_of("fusion4.norm.bias") == Branch::none);
  CHECK(branch_of("time.in.weight") == Branch::none);
  CHECK(branch_of("down0.widen.weight") == Branch::none);
  CHECK(branch_of("up1.conv.weight") == Branch::none);
  const Built built;
  std::map<Branch, std::int64_t> parameters;
  for (const auto& [name, value] : built.store.params()) parameters[branch_of(name)] += value.numel();
  CHECK(parameters[Branch::spatial] > 600000);
  CHECK(parameters[Branch::spectral] > 100000);
  CHECK(parameters[Branch::none] > 300000);
}

TEST_CASE("the branches take turns, the spatial one first") {
  const LbafConfig config{.period = 10};
  CHECK(resting_branch(config, 0) == Branch::spectral);
  CHECK(resting_branch(config, 9) == Branch::spectral);
  CHECK(resting_branch(config, 10) == Branch::spatial);
  CHECK(resting_branch(config, 20) == Branch::spectral);
  CHECK(resting_branch({}, 5) == Branch::none);
}

TEST_CASE("frozen ranges are the resting branch's parameters and nothing else") {
  const Built built;
  for (const bool train_shared : {true, false}) {
    for (const std::int64_t step : {0, 10}) {
      const LbafConfig config{.period = 10, .train_shared = train_shared};
      const auto ranges = frozen_ranges(built.store, config, step);
      REQUIRE_FALSE(ranges.empty());
      for (std::size_t i = 1; i < ranges.size(); ++i) CHECK(ranges[i - 1].end < ranges[i].begin);
      for (const auto& [name, value] : built.store.params()) {
        CAPTURE(name);
        const Branch branch = branch_of(name);
        const bool frozen = branch == resting_branch(config, step) || (branch == Branch::none && !train_shared);
        CHECK(inside(ranges, value.storage_offset()) == frozen);
        CHECK(inside(ranges, value.storage_offset() + value.numel() - 1) == frozen);
      }
    }
  }
  CHECK(frozen_ranges(built.store, {}, 0).empty());
  CHECK(frozen_ranges(built.store, {.period = 10, .freeze = LbafFreeze::detach}, 0).empty());
}
