// Work that is the same each time, recorded once on a GPU and repeated as one piece (a CUDA graph): the host then queues one
// thing instead of a thousand.
//
// Recorded work reads and writes the same places each time. What changes from run to run (the batch, the learning rate) is
// therefore put into tensors of fixed place before run(), outside of the recording; what the work allocates comes from memory
// that nothing else uses.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "framework/tensor/tensor.h"

namespace cf {

class GraphedStep {
 public:
  // Queues the work and returns its results. It must not wait for the device nor copy from or to the host.
  using Work = std::function<std::vector<Tensor>()>;

  // `name` is for messages ("the training step"). The first `warm_up` runs, at least 2, do the work as it is, so that libraries
  // are loaded, algorithms chosen and tables uploaded; the run after them records. Throws Error where the device is the CPU.
  GraphedStep(Device device, std::string name, Work work, int warm_up = 3);
  ~GraphedStep();
  GraphedStep(const GraphedStep&) = delete;
  GraphedStep& operator=(const GraphedStep&) = delete;

  // Does the work once. Its results hold until the next run, which may overwrite them, and must not outlive the step. Throws
  // Error, naming the operator, where the work cannot be recorded.
  const std::vector<Tensor>& run();

  bool recorded() const { return recording_ != nullptr; }
  // Pieces of recorded work; 0 before.
  std::size_t size() const { return recorded() ? recording_->size() : 0; }
  // Of the memory of its own.
  AllocatorStats memory() const { return pool_.stats(); }

 private:
  void record();

  Device device_;
  std::string name_;
  Work work_;
  int warm_up_;
  int runs_ = 0;
  CachingAllocator pool_;  // outlives what follows
  std::vector<Tensor> results_;
  std::unique_ptr<RecordedWork> recording_;
};

}  // namespace cf
