#include "tools/cfrun/fuser.h"

#include <chrono>

#include "framework/autograd/record.h"
#include "framework/train/progress.h"
#include "models/ssdiff/sampler.h"
#include "tools/cfrun/batch_scene.h"

namespace cf {
namespace {

bool same_shape(const Tensor& a, const Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || a.shape() == b.shape());
}

void refresh(const Tensor& input, const Tensor& images) {
  if (input.defined()) input.copy_from(images);
}

}  // namespace

SamplingCost& SamplingCost::operator+=(const SamplingCost& other) {
  images += other.images;
  tiles += other.tiles;
  calls += other.calls;
  seconds += other.seconds;
  return *this;
}

SamplingCost SamplingCost::operator-(const SamplingCost& other) const {
  return {images - other.images, tiles - other.tiles, calls - other.calls, seconds - other.seconds};
}

Fuser::Fuser(const Session& session) : Fuser(session, session.experiment.sampler) {
  const TestConfig& test = session.experiment.test;
  if (test.parts == 0) return;
  const bool window = test.statistics == "window";
  scene_ = network_method(session, {.statistics = window ? PooledStatistics::window : PooledStatistics::scene});
}

Fuser::Fuser(const Session& session, const SamplerConfig& sampler)
    : session_(session), sampling_{.sampler = sampler, .tiles = session.experiment.tiles} {
  if (session.denoiser() == nullptr) return;
  if (session.experiment.capture && !session.device().is_cpu()) sampling_.graph = std::make_shared<SamplingGraph>();
  steps_ = static_cast<std::int64_t>(plan_sampling(session.denoiser()->schedule(), sampler).size());
}

bool Fuser::fits(const Batch& batch) const {
  return same_shape(input_.pan, batch.pan) && same_shape(input_.lms, batch.lms) && same_shape(input_.ms, batch.ms);
}

void Fuser::capture(const Batch& batch) {
  input_ = input_on(session_.device(), batch);
  graphed_ = std::make_unique<GraphedStep>(session_.device(), "inference", [this] {
    const NoGrad no_grad;
    const FusionOutput output = session_.forward(input_);
    return std::vector<Tensor>{output.fused, output.detail};
  });
}

FusionOutput Fuser::sample(const Batch& batch) {
  const auto begin = std::chrono::steady_clock::now();
  std::unique_ptr<Progress> progress;
  std::int64_t tiles = 0;
  SamplingOptions options = sampling_;
  options.progress = [&](std::int64_t done, std::int64_t total) {
    if (progress == nullptr) progress = std::make_unique<Progress>(0, total, "tile");
    if (done == 0) return;
    tiles = total;
    cost_.calls += steps_;
    if (done < total) progress->update(done, "sampling");
  };
  FusionOutput output = fuse(session_, batch, options);
  if (progress != nullptr) progress->clear();
  cost_.images += batch.lms.dim(0);
  cost_.tiles += tiles;
  cost_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return output;
}

FusionOutput Fuser::operator()(const Batch& batch) {
  if (scene_ != nullptr) {
    return {fuse_as_scene(*scene_, batch, session_.model->config().ratio, session_.experiment.test.parts), {}};
  }
  if (session_.denoiser() != nullptr) return sample(batch);
  if (!session_.experiment.capture || session_.device().is_cpu()) return fuse(session_, batch);
  if (graphed_ == nullptr) capture(batch);
  if (!fits(batch)) return fuse(session_, batch);
  refresh(input_.pan, batch.pan);
  refresh(input_.lms, batch.lms);
  refresh(input_.ms, batch.ms);
  const std::vector<Tensor>& results = graphed_->run();
  return {results[0].to(Device{}), results[1].defined() ? results[1].to(Device{}) : Tensor()};
}

}  // namespace cf
