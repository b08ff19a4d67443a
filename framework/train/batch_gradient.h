// The gradient of a step's loss over the whole batch, which ranks share and a rank may work on in parts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "framework/dist/process_group.h"
#include "framework/nn/param_store.h"

namespace cf {

struct BatchGradientOptions {
  std::int64_t parts = 1;  // of this rank's share of a batch: micro-batches of equal size, one after another
  // Gradients of parts, all ranks' in their order, are added up in one fixed binary tree, so that the result is the same bit for
  // bit whatever the number of ranks, a power of two that divides the number of parts.
  bool fixed_order = false;
  // Batch normalisation sees the parts that all ranks work on at once; in fixed order all parts of all ranks.
  bool sync_batch_norm = false;
  bool overlap = true;                                // sums over ranks begin during the backward pass
  std::int64_t bucket_bytes = std::int64_t{1} << 20;  // of GradientBuckets
};

class BatchGradient {
 public:
  // The mean loss of a part, graph included; shape (1).
  using Loss = std::function<Tensor(std::int64_t part)>;

  virtual ~BatchGradient() = default;
  // Forward and backward passes of this rank's parts. Returns their losses, (parts). The same work each time; without overlap
  // and where batch normalisation is not synchronised it asks nothing of other ranks, so that it can be recorded.
  virtual Tensor compute(const Loss& loss) = 0;
  // Then: from here on the store's gradients are those of the mean loss over all parts of all ranks, bit-equal on all ranks.
  virtual void reduce() = 0;
  // Squared norms of parts of this rank's own gradient, f64 (any number), measured before the sum: for blame, not for numbers.
  virtual const Tensor& own_squares() const = 0;
};

// The store is packed; it and the group outlive the result. Throws Error on options that do not go together.
std::unique_ptr<BatchGradient> make_batch_gradient(const ParamStore& params, ProcessGroup& group,
                                                   const BatchGradientOptions& options);

}  // namespace cf
