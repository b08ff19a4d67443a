#include "tools/cfrun/fusion_task.h"

#include <numeric>
#include <vector>

#include "data/quality/quality.h"
#include "framework/core/log.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/loss.h"
#include "tools/cfrun/evaluate.h"

namespace cf {
namespace {

LoaderOptions loader_options(const Experiment& e) {
  LoaderOptions options;
  options.batch = e.train.batch;
  options.seed = e.train.seed;
  options.shuffle = true;
  options.flips = e.data.flips;
  options.turns = e.data.turns;
  options.drop_last = true;
  return options;
}

Dataset open_training_set(const Session& session) {
  const DataConfig& data = session.experiment.data;
  check(!data.train.empty(), "train: data.train names no file; docs/data.md says where training sets come from");
  return Dataset::open(session.experiment.data_path(data.train),
                       session.experiment.dataset_options(true, session.model->size_multiple()));
}

}  // namespace

FusionTask::FusionTask(Session& session) : session_(session), train_(open_training_set(session)) {
  const Experiment& e = session_.experiment;
  if (!e.data.valid.empty()) {
    valid_ = Dataset::open(e.data_path(e.data.valid), e.dataset_options(true, session_.model->size_multiple()));
  }
  feed_ = make_feed(train_, loader_options(e), e.data, session_.device());
  log::info("{}: {} patches of {}x{}, {} bands, {}", train_.path().string(), train_.size(), train_.height(), train_.width(),
            train_.bands(), train_.in_memory() ? "in memory" : "streamed");
}

Tensor FusionTask::distance(const Tensor& fused, const Tensor& gt) const {
  const std::string& name = session_.experiment.loss.name;
  if (name == "mse") return ops::mse_loss(fused, gt);
  if (name == "charbonnier") return ops::charbonnier_loss(fused, gt);
  return ops::l1_loss(fused, gt);
}

Tensor FusionTask::loss() {
  const Batch& batch = feed_->batch();
  const FusionOutput output = session_.forward({batch.pan, batch.lms, batch.ms});
  Tensor loss = distance(output.fused, batch.gt);
  const double weight = session_.experiment.loss.detail_weight;
  if (output.detail.defined() && weight > 0) {
    const Tensor detail = ops::l1_loss(output.detail, ops::sub(batch.gt, batch.lms));
    loss = ops::add(loss, ops::affine(detail, weight, 0));
  }
  return loss;
}

std::string FusionTask::describe_batch(std::int64_t step) const {
  std::string text;
  for (const std::int64_t i : feed_->loader().indices_of(step)) text += (text.empty() ? "" : ", ") + std::to_string(i);
  return text + " of " + train_.path().string();
}

Validation FusionTask::validate() {
  const Experiment& e = session_.experiment;
  const QualityOptions quality = quality_options(e);
  std::vector<MetricList> rows;
  Validation result;
  for (std::int64_t begin = 0; begin < valid_->size(); begin += e.train.batch) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(std::min(e.train.batch, valid_->size() - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    const Batch batch = valid_->read(indices);
    const FusionOutput output = fuse(session_, batch);
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(indices.size()); ++i) {
      rows.push_back(evaluate_reduced(image_in_dn(batch.gt, i, e.scale()), image_in_dn(output.fused, i, e.scale()), quality));
    }
    if (begin == 0) result.images = tensorboard_pictures(batch, output);
  }
  result.metrics = mean_of(rows);
  result.score = "ERGAS";
  return result;
}

}  // namespace cf
