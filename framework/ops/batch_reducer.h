// A batch that lies in several parts, on ranks or in micro-batches: how batch normalisation sees the whole of it.
#pragma once

#include <cstdint>

#include "framework/tensor/tensor.h"

namespace cf::ops {

// What one part asks of the others. The parts hold equally many samples, and make the same calls in the same order.
class BatchReducer {
 public:
  virtual ~BatchReducer() = default;
  virtual std::int64_t parts() const = 0;
  // The sum over all parts, in place, bit-equal in all of them.
  virtual void sum(const Tensor& values) = 0;
  // Whether this part moves the running statistics: one of those that share them.
  virtual bool moves_statistics() const = 0;
};

// While alive, batch_norm in training normalises on this thread by the batch that `reducer` is a part of. Null: by its input,
// as without a guard. The reducer must outlive the backward pass of what was recorded.
class UseBatchReducer {
 public:
  explicit UseBatchReducer(BatchReducer* reducer);
  ~UseBatchReducer();
  UseBatchReducer(const UseBatchReducer&) = delete;
  UseBatchReducer& operator=(const UseBatchReducer&) = delete;

 private:
  BatchReducer* before_;
};

// Of this thread; null where there is none.
BatchReducer* batch_reducer();

}  // namespace cf::ops
