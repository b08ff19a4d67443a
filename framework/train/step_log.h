// Loss and gradient norm of the latest steps, kept on the device until somebody reads them, so that a step never waits.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

class StepLog {
 public:
  struct Values {
    double loss;
    double norm;
  };

  // Room for `capacity` steps, at least 1.
  explicit StepLog(std::int64_t capacity);

  std::int64_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }
  // Copies the numbers of one more step: the loss (1) and the squared norm of its gradients (1), on one device. Queued.
  void put(const Tensor& loss, const Tensor& squared_norm);
  // What was put since the last call, in that order. Waits for the device.
  std::vector<Values> take();

 private:
  std::int64_t capacity_;
  std::int64_t size_ = 0;
  Tensor losses_;   // (capacity), made by the first put
  Tensor squares_;  // (capacity)
};

}  // namespace cf
