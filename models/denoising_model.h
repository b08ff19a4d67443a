// A fusion network that works by denoising: it is trained to estimate the residual GT - LMS from a noisy version of it, and
// fuses an image by sampling, tile by tile.
#pragma once

#include <vector>

#include "models/fusion_model.h"
#include "models/ssdiff/schedule.h"
#include "models/ssdiff/tile_sampling.h"

namespace cf {

class DenoisingModel : public FusionModel {
 public:
  // Reads config.diffusion, config.sampler and config.tiles.
  explicit DenoisingModel(const ModelConfig& config);

  // One evaluation of the network, on tiles: images as forward() takes them but with sides divisible by patch_multiple(),
  // x_t (N, H, W, B) the noisy residual, time as embed_steps() gives it, with N rows or one for all. Returns the estimate of
  // the residual (N, H, W, B).
  Tensor denoise(const FusionInput& images, const Tensor& x_t, const Tensor& time, const NetworkOptions& options = {}) const;
  // What the network reads of steps (whole or not) of the diffusion: one row each, on the host.
  virtual Tensor embed_steps(const std::vector<double>& steps, DType dtype) const = 0;
  const NoiseSchedule& schedule() const { return schedule_; }

  // As forward(), by another procedure than the configured one. Throws Error where an estimate is not finite, naming step and
  // tile, and where the options are impossible.
  Tensor sample(const FusionInput& images, const SamplingOptions& options) const;

  // Of an image that is fused: tiles take care of the rest.
  std::int64_t size_multiple() const override { return config().ratio; }
  bool reads_ms() const override { return true; }
  // Noise (N, H, W, B), the roots of the signal's and the noise's share (N, 1, 1, 1) each, and the embedded steps, drawn as
  // the schedule says.
  std::vector<Tensor> draw(const Shape& gt, const DrawKey& key) const override;

 protected:
  FusionOutput run(const FusionInput& input) const override;
  // Prediction and target are residuals.
  TrainingOutput run_training(const FusionInput& input, const Tensor& gt, const std::vector<Tensor>& drawn,
                              const NetworkOptions& options) const override;
  // Called with checked arguments.
  virtual Tensor predict(const FusionInput& images, const Tensor& x_t, const Tensor& time,
                         const NetworkOptions& options) const = 0;

 private:
  NoiseSchedule schedule_;
};

}  // namespace cf
