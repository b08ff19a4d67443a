// How much memory a training or a test will take, before it is run.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "models/summary.h"
#include "tools/cfrun/session.h"

namespace cf {

struct MemoryEstimate {
  std::int64_t height = 0;  // of a training patch
  std::int64_t width = 0;
  std::size_t state = 0;           // weights, gradients, the optimizer's moments, averages
  std::size_t step = 0;            // activations and their gradients of one batch
  std::size_t batches = 0;         // the batch in use and those read ahead
  std::optional<std::size_t> set;  // the training set, where it is there and will be held
  std::size_t fusing = 0;          // one image of the first test set, or a patch where there is none
  std::int64_t fused_height = 0;
  std::int64_t fused_width = 0;

  std::size_t training() const { return state + step + batches + set.value_or(0); }
};

// The network is run once on zeros of one patch, forward and backward; what a batch takes follows from that. Patches are as large
// as those of the training set, where the file is there, else `height` x `width`. Throws Error as summarize(), and where a set
// does not fit the configuration.
MemoryEstimate estimate_memory(const Session& session, std::int64_t height, std::int64_t width);

// For a terminal, with a warning where this machine has less.
std::string memory_table(const MemoryEstimate& estimate, const Experiment& experiment);

}  // namespace cf
