// Gradients of micro-batches, added up in an order that the number of ranks has no part in.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "framework/nn/param_store.h"
#include "framework/optim/clip.h"
#include "framework/train/batch_gradient.h"
#include "framework/train/lanes.h"

namespace cf {

// Without synchronised batch normalisation the parts are worked on one after another. With it they wait for each other inside
// of it, each with a gradient buffer and a graph of its own (Lanes).
class TreeGradient final : public BatchGradient {
 public:
  TreeGradient(const ParamStore& params, ProcessGroup& group, const BatchGradientOptions& options);
  ~TreeGradient() override;

  Tensor compute(const Loss& loss) override;
  void reduce() override;
  const Tensor& own_squares() const override { return own_.squared(); }

 private:
  class LaneReducer;

  Tensor one_by_one(const Loss& loss);
  Tensor side_by_side(const Loss& loss);
  void sum_over_lanes(std::int64_t lane, const Tensor& values);
  // Leaves collect their gradients in `flat`, laid out like the store's buffer.
  void collect_in(const Tensor& flat) const;

  const ParamStore& params_;
  ProcessGroup& group_;
  std::int64_t parts_;
  GradNorm own_;
  std::vector<Tensor> gradients_;  // of the lanes
  std::vector<Tensor> summed_;     // what the lanes bring to a sum
  std::vector<std::unique_ptr<LaneReducer>> reducers_;
  std::unique_ptr<Lanes> lanes_;  // null: one part after another
};

}  // namespace cf
