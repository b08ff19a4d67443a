// How the batch of a step is divided among ranks and micro-batches.
#pragma once

#include <cstdint>

#include "framework/train/batch_gradient.h"
#include "tools/cfrun/session.h"

namespace cf {

struct BatchSplit {
  std::int64_t samples = 1;  // of each rank's share
  std::int64_t parts = 1;    // of a share
  std::int64_t part_samples() const { return samples / parts; }
};

// Throws Error where train.batch does not divide among `ranks`, nor a rank's share into micro-batches, and where sums in a fixed
// order need another number of ranks.
BatchSplit split_batch(const Experiment& experiment, int ranks);

// How gradients of a share's parts and of ranks become one. Throws Error where the network's batch normalisation would make
// results depend on the number of ranks that must not.
BatchGradientOptions gradient_options(const Session& session);

}  // namespace cf
