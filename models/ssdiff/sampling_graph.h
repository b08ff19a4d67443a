// The sampling of a batch of tiles as one recorded piece of work: the whole loop of network calls, queued at once.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "models/fusion_model.h"
#include "models/ssdiff/sampler.h"

namespace cf {

// The estimate of the residual of tiles (count, size, size, B) from their images, the noisy sample and the step, on the images'
// device.
using TileDenoiser = std::function<Tensor(const FusionInput& tiles, const Tensor& x, const SamplerStep& step)>;

// What is sampled of a batch of tiles, beside their images and their noise.
struct TileSampling {
  TileDenoiser denoiser;
  std::vector<SamplerStep> plan;
  SamplerSpace space = SamplerSpace::residual;
};

// The fused tiles. noise: that which sampling begins with, then that of each step, undefined where a step takes none. `look`,
// where there is one, sees each estimate of the residual.
Tensor sample_batch(const TileSampling& sampling, const FusionInput& tiles, const std::vector<Tensor>& noise,
                    const std::function<void(const Tensor& residual, const SamplerStep& step)>& look = {});

// sample_batch() on a GPU, recorded at the third call with tiles of one shape and one plan, and repeated from there on. One
// graph serves one network, whose parameters must stay where they are.
class SamplingGraph {
 public:
  SamplingGraph();
  ~SamplingGraph();
  SamplingGraph(const SamplingGraph&) = delete;
  SamplingGraph& operator=(const SamplingGraph&) = delete;

  // Tiles and noise are on the host; the result is on the device, until the next call. Throws Error as GraphedStep::run().
  const Tensor& operator()(Device device, const TileSampling& sampling, const FusionInput& tiles,
                           const std::vector<Tensor>& noise);
  bool recorded() const;

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace cf
