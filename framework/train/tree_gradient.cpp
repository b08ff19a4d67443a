#include "framework/train/tree_gradient.h"

#include "framework/autograd/engine.h"
#include "framework/autograd/node.h"
#include "framework/autograd/record.h"
#include "framework/core/device_services.h"
#include "framework/ops/batch_reducer.h"
#include "framework/train/parts.h"

namespace cf {

class TreeGradient::LaneReducer final : public ops::BatchReducer {
 public:
  LaneReducer(TreeGradient& gradient, std::int64_t lane) : gradient_(gradient), lane_(lane) {}
  std::int64_t parts() const override { return gradient_.parts_ * gradient_.group_.size(); }
  void sum(const Tensor& values) override { gradient_.sum_over_lanes(lane_, values); }
  bool moves_statistics() const override { return lane_ == 0; }

 private:
  TreeGradient& gradient_;
  std::int64_t lane_;
};

TreeGradient::TreeGradient(const ParamStore& params, ProcessGroup& group, const BatchGradientOptions& options)
    : params_(params), group_(group), parts_(options.parts), own_(params.flat_grad()) {
  if (!options.sync_batch_norm) return;
  const Tensor& flat = params.flat_grad();
  for (std::int64_t lane = 0; lane < parts_; ++lane) {
    gradients_.push_back(Tensor::empty(flat.shape(), flat.dtype(), flat.device()));
    reducers_.push_back(std::make_unique<LaneReducer>(*this, lane));
  }
  summed_.resize(gradients_.size());
  lanes_ = std::make_unique<Lanes>(parts_, [this](std::int64_t lane) { collect_in(gradients_[static_cast<std::size_t>(lane)]); });
}

TreeGradient::~TreeGradient() = default;

void TreeGradient::collect_in(const Tensor& flat) const {
  for (const auto& [name, value] : params_.params()) {
    value.impl()->leaf->grad = Tensor::window(flat.storage(), value.storage_offset(), value.shape(), flat.dtype());
  }
}

Tensor TreeGradient::compute(const Loss& loss) {
  Tensor losses = lanes_ != nullptr ? side_by_side(loss) : one_by_one(loss);
  own_.measure();
  return losses;
}

Tensor TreeGradient::one_by_one(const Loss& loss) {
  const Tensor& flat = params_.flat_grad();
  std::vector<Tensor> losses;
  const Tensor total = tree_total(0, parts_, [&](std::int64_t part) {
    params_.zero_grad();
    const Tensor of_part = loss(part);
    losses.push_back(of_part.detach());
    backward(of_part, share_of(of_part, parts_ * group_.size()));
    return flat.clone();
  });
  flat.copy_from(total);
  return gathered(losses);
}

Tensor TreeGradient::side_by_side(const Loss& loss) {
  const Tensor& flat = params_.flat_grad();
  std::vector<Tensor> losses(gradients_.size());
  const auto work = [&](std::int64_t lane) {
    const auto at = static_cast<std::size_t>(lane);
    if (!flat.device().is_cpu()) services_of(flat.device()).use(flat.device().index);
    const ops::UseBatchReducer whole_batch(reducers_[at].get());
    gradients_[at].fill_zero();
    const Tensor of_part = loss(lane);
    losses[at] = of_part.detach();
    backward(of_part, share_of(of_part, parts_ * group_.size()));
  };
  try {
    lanes_->run(work);
  } catch (...) {
    collect_in(flat);
    throw;
  }
  collect_in(flat);
  flat.copy_from(tree_total(0, parts_, [&](std::int64_t lane) { return gradients_[static_cast<std::size_t>(lane)]; }));
  return gathered(losses);
}

void TreeGradient::sum_over_lanes(std::int64_t lane, const Tensor& values) {
  summed_[static_cast<std::size_t>(lane)] = values;
  lanes_->meet(lane, [this] {
    const NoGrad no_grad;
    const Tensor total = tree_total(0, parts_, [&](std::int64_t i) { return summed_[static_cast<std::size_t>(i)]; }).clone();
    group_.tree_sum(total);
    for (Tensor& of_lane : summed_) {
      of_lane.copy_from(total);
      of_lane = {};
    }
  });
}

void TreeGradient::reduce() { group_.tree_sum(params_.flat_grad()); }

}  // namespace cf
