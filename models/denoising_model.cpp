#include "models/denoising_model.h"

#include "framework/ops/elementwise.h"
#include "models/ssdiff/diffusion.h"
#include "models/ssdiff/sampler.h"

namespace cf {

DenoisingModel::DenoisingModel(const ModelConfig& config) : FusionModel(config), schedule_(config.diffusion) {}

Tensor DenoisingModel::denoise(const FusionInput& images, const Tensor& x_t, const Tensor& time,
                               const NetworkOptions& options) const {
  check_input(images, patch_multiple());
  check(x_t.defined() && x_t.shape() == images.lms.shape(), "{}: the noisy residual has shape {}, expected {}", config().name,
        x_t.defined() ? x_t.shape().str() : "none", images.lms.shape().str());
  check(time.rank() == 2 && (time.dim(0) == 1 || time.dim(0) == x_t.dim(0)),
        "{}: the embedded steps have shape {}; one row for each of {} tiles, or one for all", config().name, time.shape().str(),
        x_t.dim(0));
  return predict(images, x_t, time, options);
}

Tensor DenoisingModel::sample(const FusionInput& images, const SamplingOptions& options) const {
  check_input(images, size_multiple());
  const std::vector<SamplerStep> plan = plan_sampling(schedule_, options.sampler);
  std::vector<Tensor> times;
  for (const SamplerStep& step : plan) times.push_back(embed_steps({step.time}, images.lms.dtype()).to(images.lms.device()));
  return sample_tiles(config().name, images, config().ratio, plan, options,
                      [this, times](const FusionInput& tiles, const Tensor& x, const SamplerStep& step) {
                        return denoise(tiles, x, times[static_cast<std::size_t>(step.number)]);
                      });
}

std::vector<Tensor> DenoisingModel::draw(const Shape& gt, const DrawKey& key) const {
  const DiffusionDraw drawn = draw_diffusion(schedule_, gt, key.seed, key.step, key.first);
  return {drawn.noise, drawn.signal_root, drawn.noise_root, embed_steps(drawn.steps, DType::f32)};
}

FusionOutput DenoisingModel::run(const FusionInput& input) const {
  return {sample(input, {.sampler = config().sampler, .tiles = config().tiles}), {}};
}

TrainingOutput DenoisingModel::run_training(const FusionInput& input, const Tensor& gt, const std::vector<Tensor>& drawn,
                                            const NetworkOptions& options) const {
  check(drawn.size() == 4, "{}: a training step needs the 4 tensors of draw(), got {}", config().name, drawn.size());
  const Tensor residual = ops::sub(gt, input.lms);
  const Tensor x_t = add_noise(residual, drawn[0], drawn[1], drawn[2]);
  return {denoise(input, x_t, drawn[3], options), residual, {}};
}

}  // namespace cf
