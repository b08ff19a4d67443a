// A network ready to run: the experiment, its device, its parameters, the model. From a configuration or from a checkpoint.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "framework/nn/param_store.h"
#include "models/denoising_model.h"
#include "models/pooling_model.h"
#include "models/registry.h"
#include "tools/cfrun/experiment.h"

namespace cf {

// Opens the device that the experiment names, sets how exact it computes, and says on the log which it is; for "auto", why it
// is the CPU. Throws Error as find_device does, and where the experiment asks for what only a GPU can do.
Device open_device(const Experiment& experiment);

struct Session {
  explicit Session(Experiment e, Device device = {});

  Device device() const { return params.device(); }
  // The network's output, in f32. With precision bf16 it is computed in mixed precision, where the device can.
  FusionOutput forward(const FusionInput& input) const;
  // Null where the network fuses in one pass.
  const DenoisingModel* denoiser() const { return dynamic_cast<const DenoisingModel*>(model.get()); }
  // As forward(), by the given procedure instead of the configured one; of denoising networks only.
  FusionOutput sample(const FusionInput& input, const SamplingOptions& options) const;
  // Null where the network pools nothing over the image.
  const PoolingModel* pooling() const { return dynamic_cast<const PoolingModel*>(model.get()); }
  // As PoolingModel's, in f32 and the same precision as forward(); of such networks only.
  std::vector<Tensor> pool(const Tensor& lms, const Tensor& valid) const;
  FusionOutput forward_pooled(const FusionInput& input, const PooledMaps& pooled) const;
  // As FusionModel::train, in the same precision.
  TrainingOutput train(const FusionInput& input, const Tensor& gt, const std::vector<Tensor>& drawn,
                       const NetworkOptions& options) const;

  Experiment experiment;
  ParamStore params;
  std::unique_ptr<FusionModel> model;
};

// Which weights of a checkpoint are meant: the averaged ones where it has them; those, or an error; those that were trained.
enum class WeightChoice : std::uint8_t { automatic, averaged, live };

// The configuration that a checkpoint was made with, with overrides ("path.to.key=value").
Experiment stored_experiment(const std::filesystem::path& checkpoint, const std::vector<std::string>& overrides = {});

// The network of a checkpoint; its stored configuration with overrides ("path.to.key=value"), or a given one, which must name
// the same network for the same bands. On the device that the configuration names.
std::unique_ptr<Session> load_session(const std::filesystem::path& checkpoint, const std::vector<std::string>& overrides = {},
                                      WeightChoice weights = WeightChoice::automatic);
std::unique_ptr<Session> load_session(const std::filesystem::path& checkpoint, const Experiment& config,
                                      WeightChoice weights = WeightChoice::automatic);

// Copies weights from a checkpoint or a safetensors file into the session's network, converting nothing else.
void load_weights(Session& session, const std::filesystem::path& file);

// Calls the network on f32 images scaled to [0, 1] without recording. Batch and result are on the host.
FusionOutput fuse(const Session& session, const Batch& batch);
// The same by sampling as `options` say; of denoising networks only.
FusionOutput fuse(const Session& session, const Batch& batch, const SamplingOptions& options);

// The network's input, of a batch that is on whatever device.
FusionInput input_on(Device device, const Batch& batch);

// Image `index` of (N, H, W, C) on the host, scaled back to DN: f64 (H, W, C).
Tensor image_in_dn(const Tensor& images, std::int64_t index, double scale);

}  // namespace cf
