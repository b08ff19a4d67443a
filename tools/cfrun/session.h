// A network ready to run: the experiment, its parameters, the model. From a configuration or from a checkpoint.
#pragma once

#include <filesystem>
#include <memory>

#include "framework/nn/param_store.h"
#include "models/registry.h"
#include "tools/cfrun/experiment.h"

namespace cf {

struct Session {
  explicit Session(Experiment e);

  Experiment experiment;
  ParamStore params;
  std::unique_ptr<FusionModel> model;
};

// The network of a checkpoint, with the averaged weights where it has them; its stored configuration with overrides
// ("path.to.key=value"), or a given one, which must name the same network.
std::unique_ptr<Session> load_session(const std::filesystem::path& checkpoint, const std::vector<std::string>& overrides = {});
std::unique_ptr<Session> load_session(const std::filesystem::path& checkpoint, const Experiment& config);

// Copies weights from a checkpoint or a safetensors file into the session's network, converting nothing else.
void load_weights(Session& session, const std::filesystem::path& file);

// Calls the network on f32 images scaled to [0, 1] without recording.
FusionOutput fuse(const FusionModel& model, const Batch& batch);

// Image `index` of (N, H, W, C), scaled back to DN: f64 (H, W, C).
Tensor image_in_dn(const Tensor& images, std::int64_t index, double scale);

}  // namespace cf
