// How the batches of training reach the device. Every feed gives the same values; on a GPU they come to the same places each
// step, and the host does not wait for the computation.
#pragma once

#include <memory>

#include "data/loader.h"
#include "tools/cfrun/experiment.h"

namespace cf {

class BatchFeed {
 public:
  // The set must outlive the feed. Throws Error as Loader does.
  BatchFeed(const Dataset& set, const LoaderOptions& options) : loader_(set, options) {}
  virtual ~BatchFeed() = default;
  BatchFeed(const BatchFeed&) = delete;
  BatchFeed& operator=(const BatchFeed&) = delete;

  // Brings the batch of `step` into place: on a GPU queued. Steps in order are fast.
  virtual void load(std::int64_t step) = 0;
  // The batch that was loaded, f32 on the device.
  const Batch& batch() const { return batch_; }
  const Loader& loader() const { return loader_; }

 protected:
  // The loader's next batch, after a start where `step` does not follow the last one.
  Batch read(std::int64_t step);

  Loader loader_;
  Batch batch_;

 private:
  std::int64_t next_step_ = -1;
};

// On the CPU, batches as the loader makes them. On a GPU, where data.resident allows it (see config), the whole set lies in the
// GPU's memory and batches are gathered there; else they are read ahead into pinned memory and copied beside the computation.
std::unique_ptr<BatchFeed> make_feed(const Dataset& set, const LoaderOptions& options, const DataConfig& config, Device device);

}  // namespace cf
