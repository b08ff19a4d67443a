// Runs a network on one batch after the other.
#pragma once

#include <memory>

#include "framework/capture/graphed_step.h"
#include "tools/cfrun/scene_network.h"
#include "tools/cfrun/session.h"

namespace cf {

// What a network that samples has done.
struct SamplingCost {
  std::int64_t images = 0;
  std::int64_t tiles = 0;
  std::int64_t calls = 0;  // of the network, each on a batch of tiles
  double seconds = 0;      // from images on the host to fused ones there

  SamplingCost& operator+=(const SamplingCost& other);
  SamplingCost operator-(const SamplingCost& other) const;
};

class Fuser {
 public:
  // Where the session's experiment asks for it and the device can, the work on batches of the first one's shape is captured.
  // A denoising network samples as the experiment says. With test.parts, images are fused as scenes are, and no cost of sampling
  // is counted. The session must outlive the fuser.
  explicit Fuser(const Session& session);
  // Of a denoising network: samples as `options` say, and shows its progress.
  Fuser(const Session& session, const SamplerConfig& sampler);

  // As fuse(); the same values, captured or not.
  FusionOutput operator()(const Batch& batch);
  // Zeros where the network fuses in one pass.
  const SamplingCost& cost() const { return cost_; }

 private:
  bool fits(const Batch& batch) const;
  void capture(const Batch& batch);
  FusionOutput sample(const Batch& batch);

  const Session& session_;
  SamplingOptions sampling_;
  std::int64_t steps_ = 0;  // network calls per tile
  SamplingCost cost_;
  FusionInput input_;  // of the captured work
  std::unique_ptr<GraphedStep> graphed_;
  std::unique_ptr<SceneMethod> scene_;  // null: images are fused whole
};

}  // namespace cf
