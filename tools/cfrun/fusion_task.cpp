#include "tools/cfrun/fusion_task.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "data/quality/quality.h"
#include "framework/core/log.h"
#include "framework/dist/watch.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/loss.h"
#include "tools/cfrun/rank_rows.h"

namespace cf {
namespace {

// That a validation is cut into where there are so many images: work for so many ranks.
constexpr std::int64_t kPieces = 8;

LoaderOptions loader_options(const Experiment& e, const ProcessGroup& ranks) {
  LoaderOptions options;
  options.batch = e.train.batch;
  options.seed = e.train.seed;
  options.shuffle = true;
  options.flips = e.data.flips;
  options.turns = e.data.turns;
  options.drop_last = true;
  options.shares = ranks.size();
  options.share = ranks.rank();
  return options;
}

Dataset open_training_set(const Session& session) {
  const DataConfig& data = session.experiment.data;
  check(!data.train.empty(), "train: data.train names no file; docs/data.md says where training sets come from");
  return Dataset::open(session.experiment.data_path(data.train),
                       session.experiment.dataset_options(true, session.model->patch_multiple()));
}

NetworkOptions network_options(const LbafConfig& lbaf, std::int64_t step) {
  return {.batch_statistics = lbaf.period == 0,
          .detach = lbaf.freeze == LbafFreeze::detach ? resting_branch(lbaf, step) : Branch::none};
}

void check_lbaf(const Experiment& e) {
  if (e.lbaf.period == 0) return;
  check(e.model.name == "ssdiff", "lbaf: {} has no spatial and spectral branch; set lbaf.period=0", e.model.name);
  check(!e.capture, "lbaf: its phases are different work, which cannot be captured as one step; set capture=false");
}

// How images are fused in validation.
SamplingOptions validation_sampling(const Experiment& e) {
  SamplingOptions options{.sampler = e.sampler, .tiles = e.tiles};
  if (e.train.validate_calls > 0) options.sampler.steps = e.train.validate_calls;
  return options;
}

}  // namespace

FusionTask::FusionTask(Session& session, ProcessGroup& ranks)
    : session_(session),
      ranks_(ranks),
      split_(split_batch(session.experiment, ranks.size())),
      train_(open_training_set(session)) {
  const Experiment& e = session_.experiment;
  check_lbaf(e);
  if (!e.data.valid.empty()) {
    valid_ = Dataset::open(e.data_path(e.data.valid), e.dataset_options(true, session_.model->size_multiple()));
  }
  feed_ = make_feed(train_, loader_options(e, ranks), e.data, session_.device());
  log::info("{}: {} patches of {}x{}, {} bands, {}", train_.path().string(), train_.size(), train_.height(), train_.width(),
            train_.bands(), train_.in_memory() ? "in memory" : "streamed");
}

RunFacts FusionTask::facts() const {
  RunFacts facts = facts_of("the training set", train_);
  if (valid_) facts.push_back(facts_of("the validation set", *valid_).front());
  return facts;
}

void FusionTask::load(std::int64_t step) {
  feed_->load(step);
  step_ = step;
  const DrawKey key{
      .seed = session_.experiment.train.seed, .step = step, .first = static_cast<std::int64_t>(ranks_.rank()) * split_.samples};
  const std::vector<Tensor> drawn = session_.model->draw(feed_->batch().gt.shape(), key);
  drawn_.resize(drawn.size());
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (!drawn_[i].defined()) drawn_[i] = Tensor::empty(drawn[i].shape(), drawn[i].dtype(), session_.device());
    drawn_[i].copy_from(drawn[i]);
  }
}

Tensor FusionTask::distance(const Tensor& prediction, const Tensor& target) const {
  const std::string& name = session_.experiment.loss.name;
  if (name == "mse") return ops::mse_loss(prediction, target);
  if (name == "charbonnier") return ops::charbonnier_loss(prediction, target);
  return ops::l1_loss(prediction, target);
}

Tensor FusionTask::samples_of(std::int64_t part, const Tensor& all) const {
  if (split_.parts == 1 || !all.defined()) return all;
  Shape shape = all.shape();
  shape[0] = split_.part_samples();
  return Tensor::window(all.storage(), all.storage_offset() + part * shape.numel(), shape, all.dtype());
}

Tensor FusionTask::loss(std::int64_t part) {
  const Batch& batch = feed_->batch();
  const auto of_part = [&](const Tensor& all) { return samples_of(part, all); };
  const Tensor gt = of_part(batch.gt);
  const Tensor lms = of_part(batch.lms);
  std::vector<Tensor> drawn;
  for (const Tensor& t : drawn_) drawn.push_back(of_part(t));
  const TrainingOutput output =
      session_.train({of_part(batch.pan), lms, of_part(batch.ms)}, gt, drawn, network_options(session_.experiment.lbaf, step_));
  Tensor loss = distance(output.prediction, output.target);
  const double weight = session_.experiment.loss.detail_weight;
  if (output.detail.defined() && weight > 0) {
    const Tensor detail = ops::l1_loss(output.detail, ops::sub(gt, lms));
    loss = ops::add(loss, ops::affine(detail, weight, 0));
  }
  return loss;
}

std::vector<FlatRange> FusionTask::resting(std::int64_t step) const {
  return frozen_ranges(session_.params, session_.experiment.lbaf, step);
}

std::string FusionTask::describe_batch(std::int64_t step, int rank) const {
  std::string text;
  for (const std::int64_t i : feed_->loader().indices_of(step, rank)) text += (text.empty() ? "" : ", ") + std::to_string(i);
  return text + " of " + train_.path().string();
}

// Of images first, first + 1, ...; the pictures are of the first image of all.
std::vector<MetricList> FusionTask::fuse_and_measure(std::int64_t first, std::int64_t count, Validation& result) const {
  const Experiment& e = session_.experiment;
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  std::iota(indices.begin(), indices.end(), first);
  const Batch batch = valid_->read(indices);
  const FusionOutput output =
      session_.denoiser() != nullptr ? fuse(session_, batch, validation_sampling(e)) : fuse(session_, batch);
  std::vector<MetricList> rows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(metrics_of(batch, image_in_dn(output.fused, i, e.scale()), e, i));
  if (first == 0) result.images = tensorboard_pictures(batch, output, e.rgb());
  return rows;
}

Validation FusionTask::validate() {
  const Experiment& e = session_.experiment;
  Validation result;
  const std::int64_t images = e.train.validate_images > 0 ? std::min(e.train.validate_images, valid_->size()) : valid_->size();
  // Images are fused in the same company whatever the number of ranks, so that their pixels are the same, and there are enough
  // pieces for some ranks.
  const std::int64_t piece = std::clamp(images / kPieces, std::int64_t{1}, e.train.batch);
  RankRows rows(images);
  for (std::int64_t first = 0; first < images; first += piece) {
    if (first / piece % ranks_.size() != ranks_.rank()) continue;
    rows.put(first, fuse_and_measure(first, std::min(piece, images - first), result));
    watch::progress();
  }
  result.metrics = mean_of(rows.gather(ranks_));
  result.score = e.test.metrics == "clouds" ? "RMSE" : "ERGAS";
  return result;
}

}  // namespace cf
