// What is trained: a fusion network on patches.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/dist/process_group.h"
#include "framework/train/trainer.h"
#include "tools/cfrun/batch_feed.h"
#include "tools/cfrun/batch_split.h"
#include "tools/cfrun/evaluate.h"
#include "tools/cfrun/run_facts.h"
#include "tools/cfrun/session.h"

namespace cf {

class FusionTask final : public TrainTask {
 public:
  // Opens the training and validation sets of the session's experiment, for this rank's share of the work; `ranks`, of any
  // device, outlives the task. Throws Error where the sets do not fit the network, nor the batch the ranks.
  FusionTask(Session& session, ProcessGroup& ranks);

  std::int64_t steps_per_epoch() const { return feed_->loader().steps_per_epoch(); }
  bool has_validation() const { return valid_.has_value(); }
  // Of the sets.
  RunFacts facts() const;
  double loader_wait_seconds() const { return feed_->loader().wait_seconds(); }

  std::int64_t parts() const override { return split_.parts; }
  void load(std::int64_t step) override;
  Tensor loss(std::int64_t part) override;
  std::string describe_batch(std::int64_t step, int rank) const override;
  Validation validate() override;
  std::vector<FlatRange> resting(std::int64_t step) const override;

 private:
  Tensor distance(const Tensor& prediction, const Tensor& target) const;
  // The samples of a part in images, or in what was drawn, of the whole share.
  Tensor samples_of(std::int64_t part, const Tensor& all) const;
  std::vector<MetricList> fuse_and_measure(std::int64_t first, std::int64_t count, Validation& result) const;

  Session& session_;
  ProcessGroup& ranks_;
  BatchSplit split_;
  Dataset train_;
  std::optional<Dataset> valid_;
  std::unique_ptr<BatchFeed> feed_;
  std::int64_t step_ = 0;      // that was loaded
  std::vector<Tensor> drawn_;  // of it, on the device
};

}  // namespace cf
