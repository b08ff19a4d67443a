// Runs a network on one batch after the other.
#pragma once

#include <memory>

#include "framework/capture/graphed_step.h"
#include "tools/cfrun/session.h"

namespace cf {

class Fuser {
 public:
  // Where the session's experiment asks for it and the device can, the work on batches of the first one's shape is captured.
  // The session must outlive the fuser.
  explicit Fuser(const Session& session);

  // As fuse(); the same values, captured or not.
  FusionOutput operator()(const Batch& batch);

 private:
  bool fits(const Batch& batch) const;
  void capture(const Batch& batch);

  const Session& session_;
  FusionInput input_;  // of the captured work
  std::unique_ptr<GraphedStep> graphed_;
};

}  // namespace cf
