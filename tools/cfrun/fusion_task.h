// What is trained: a fusion network on patches.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/train/trainer.h"
#include "tools/cfrun/batch_feed.h"
#include "tools/cfrun/session.h"

namespace cf {

class FusionTask final : public TrainTask {
 public:
  // Opens the training and validation sets of the session's experiment. Throws Error where they do not fit the network.
  explicit FusionTask(Session& session);

  std::int64_t steps_per_epoch() const { return feed_->loader().steps_per_epoch(); }
  bool has_validation() const { return valid_.has_value(); }
  double loader_wait_seconds() const { return feed_->loader().wait_seconds(); }

  void load(std::int64_t step) override;
  Tensor loss() override;
  std::string describe_batch(std::int64_t step) const override;
  Validation validate() override;
  std::vector<FlatRange> resting(std::int64_t step) const override;

 private:
  Tensor distance(const Tensor& prediction, const Tensor& target) const;

  Session& session_;
  Dataset train_;
  std::optional<Dataset> valid_;
  std::unique_ptr<BatchFeed> feed_;
  std::int64_t step_ = 0;      // that was loaded
  std::vector<Tensor> drawn_;  // of it, on the device
};

}  // namespace cf
