// What is trained: a fusion network on patches.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "data/loader.h"
#include "framework/train/trainer.h"
#include "tools/cfrun/session.h"

namespace cf {

class FusionTask final : public TrainTask {
 public:
  // Opens the training and validation sets of the session's experiment. Throws Error where they do not fit the network.
  explicit FusionTask(Session& session);

  std::int64_t steps_per_epoch() const { return loader_->steps_per_epoch(); }
  bool has_validation() const { return valid_.has_value(); }
  double loader_wait_seconds() const { return loader_->wait_seconds(); }

  Tensor loss(std::int64_t step) override;
  std::string describe_batch(std::int64_t step) const override;
  Validation validate() override;

 private:
  Tensor distance(const Tensor& fused, const Tensor& gt) const;

  Session& session_;
  Dataset train_;
  std::optional<Dataset> valid_;
  std::unique_ptr<Loader> loader_;
  std::int64_t next_step_ = -1;
};

}  // namespace cf
