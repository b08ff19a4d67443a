#include "models/ssdiff/sampling_graph.h"

#include <utility>

#include "framework/autograd/record.h"
#include "framework/capture/graphed_step.h"

namespace cf {
namespace {

bool same_shape(const Tensor& a, const Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || (a.shape() == b.shape() && a.dtype() == b.dtype()));
}

Tensor place_for(const Tensor& t, Device device) { return t.defined() ? Tensor::empty(t.shape(), t.dtype(), device) : Tensor(); }

void refresh(const Tensor& place, const Tensor& value) {
  if (place.defined()) place.copy_from(value);
}

}  // namespace

Tensor sample_batch(const TileSampling& s, const FusionInput& tiles, const std::vector<Tensor>& noise,
                    const std::function<void(const Tensor& residual, const SamplerStep& step)>& look) {
  Sampling sampling;
  sampling.estimate = [&](const Tensor& x, const SamplerStep& step) {
    const Tensor residual = s.denoiser(tiles, x, step);
    if (look) look(residual, step);
    return limited_estimate(residual, tiles.lms, s.space);
  };
  sampling.noise = [&](const SamplerStep& step) { return noise.at(static_cast<std::size_t>(step.number) + 1); };
  return image_of(sample(s.plan, noise.at(0), sampling), tiles.lms, s.space);
}

// What the recorded work reads stays in places of its own.
struct SamplingGraph::Work {
  TileSampling sampling;
  FusionInput tiles;
  std::vector<Tensor> noise;
  GraphedStep step;

  Work(Device device, TileSampling s, const FusionInput& like, const std::vector<Tensor>& noise_like)
      : sampling(std::move(s)),
        tiles{place_for(like.pan, device), place_for(like.lms, device), place_for(like.ms, device)},
        step(
            device, "sampling a batch of tiles",
            [this] {
              const NoGrad no_grad;
              return std::vector<Tensor>{sample_batch(sampling, tiles, noise)};
            },
            2) {
    for (const Tensor& t : noise_like) noise.push_back(place_for(t, device));
  }

  bool fits(Device device, const TileSampling& s, const FusionInput& input, const std::vector<Tensor>& draws) const {
    if (tiles.lms.device() != device || sampling.plan != s.plan || sampling.space != s.space) return false;
    if (!same_shape(tiles.pan, input.pan) || !same_shape(tiles.lms, input.lms) || !same_shape(tiles.ms, input.ms)) return false;
    for (std::size_t i = 0; i < noise.size(); ++i) {
      if (!same_shape(noise[i], draws[i])) return false;
    }
    return true;
  }
};

SamplingGraph::SamplingGraph() = default;
SamplingGraph::~SamplingGraph() = default;

const Tensor& SamplingGraph::operator()(Device device, const TileSampling& sampling, const FusionInput& tiles,
                                        const std::vector<Tensor>& noise) {
  if (work_ == nullptr || !work_->fits(device, sampling, tiles, noise)) {
    work_.reset();
    work_ = std::make_unique<Work>(device, sampling, tiles, noise);
  }
  refresh(work_->tiles.pan, tiles.pan);
  refresh(work_->tiles.lms, tiles.lms);
  refresh(work_->tiles.ms, tiles.ms);
  for (std::size_t i = 0; i < noise.size(); ++i) refresh(work_->noise[i], noise[i]);
  return work_->step.run().front();
}

bool SamplingGraph::recorded() const { return work_ != nullptr && work_->step.recorded(); }

}  // namespace cf
