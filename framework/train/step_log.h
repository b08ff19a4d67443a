// Losses and gradient norms of the latest steps, kept on the device until somebody reads them, so that a step never waits.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

class StepLog {
 public:
  struct Values {
    std::vector<double> losses;  // of the step's parts
    double norm = 0;
    double own_norm = 0;  // of this rank's own gradient
  };

  // Room for `capacity` steps, at least 1.
  explicit StepLog(std::int64_t capacity);

  std::int64_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }
  // Copies the numbers of one more step: its losses, the squared norm of its gradients (1), and what adds up to that of this
  // rank's own ones (undefined: they are the same); each of one length throughout, on one device. Queued.
  void put(const Tensor& losses, const Tensor& squared_norm, const Tensor& own_squares);
  // What was put since the last call, in that order. Waits for the device.
  std::vector<Values> take();

 private:
  std::int64_t capacity_;
  std::int64_t size_ = 0;
  // (capacity, length), made by the first put
  Tensor losses_;
  Tensor squares_;
  Tensor own_squares_;
};

}  // namespace cf
