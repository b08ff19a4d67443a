#include "framework/train/batch_gradient.h"

#include <bit>
#include <optional>

#include "framework/autograd/engine.h"
#include "framework/ops/batch_reducer.h"
#include "framework/train/gradient_buckets.h"
#include "framework/train/parts.h"
#include "framework/train/tree_gradient.h"

namespace cf {
namespace {

// Batch normalisation over ranks.
class GroupReducer final : public ops::BatchReducer {
 public:
  explicit GroupReducer(ProcessGroup& group) : group_(group) {}
  std::int64_t parts() const override { return group_.size(); }
  void sum(const Tensor& values) override { group_.sum(values); }
  bool moves_statistics() const override { return true; }  // each rank its own, which are equal

 private:
  ProcessGroup& group_;
};

// Gradients are added up as the backward passes make them.
class PlainGradient final : public BatchGradient {
 public:
  PlainGradient(const ParamStore& params, ProcessGroup& group, const BatchGradientOptions& options)
      : params_(params), group_(group), options_(options), own_(params.flat_grad()) {
    if (group.size() == 1) return;
    buckets_.emplace(params, group, options.bucket_bytes);
    if (options.sync_batch_norm) reducer_.emplace(group);
  }

  Tensor compute(const Loss& loss) override {
    const ops::UseBatchReducer whole_batch(reducer_ ? &*reducer_ : ops::batch_reducer());
    params_.zero_grad();
    std::vector<Tensor> losses;
    for (std::int64_t part = 0; part < options_.parts; ++part) {
      const Tensor of_part = loss(part);
      losses.push_back(of_part.detach());
      if (overlaps() && part + 1 == options_.parts) buckets_->listen();
      backward(of_part, share_of(of_part, options_.parts * group_.size()));
    }
    if (buckets_ && !overlaps()) own_.measure();
    return losses.size() == 1 ? losses.front() : gathered(losses);
  }

  void reduce() override {
    if (buckets_) buckets_->finish();
  }
  const Tensor& own_squares() const override { return overlaps() ? buckets_->own_squares() : own_.squared(); }

 private:
  bool overlaps() const { return buckets_ && options_.overlap; }

  const ParamStore& params_;
  ProcessGroup& group_;
  BatchGradientOptions options_;
  GradNorm own_;
  std::optional<GradientBuckets> buckets_;
  std::optional<GroupReducer> reducer_;
};

}  // namespace

std::unique_ptr<BatchGradient> make_batch_gradient(const ParamStore& params, ProcessGroup& group,
                                                   const BatchGradientOptions& options) {
  check(options.parts > 0, "train: a batch in {} parts", options.parts);
  if (!options.fixed_order) return std::make_unique<PlainGradient>(params, group, options);
  check(std::has_single_bit(static_cast<unsigned>(group.size())),
        "train: {} ranks; sums in a fixed order need a power of two of them", group.size());
  return std::make_unique<TreeGradient>(params, group, options);
}

}  // namespace cf
