// What a network is made of and what it costs at a given size: the content of `cfrun summary`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/nn/param_store.h"
#include "models/fusion_model.h"

namespace cf {

// One operator that reads parameters or multiplies, in the order of the forward pass.
struct LayerSummary {
  std::string name;  // the dotted prefix of its parameters; empty where it has none
  std::string op;
  Shape output;
  std::int64_t parameters = 0;  // those that no earlier layer shares
  std::int64_t macs = 0;        // multiply-accumulates of convolutions and products; element-wise work is left out
};

struct ModelSummary {
  Shape pan;  // of the input that was measured
  Shape lms;
  std::vector<LayerSummary> layers;
  std::int64_t parameters = 0;
  std::int64_t macs = 0;  // forward, of the whole batch
  // Measured by running: the largest number of live bytes above the parameters and inputs.
  std::size_t parameter_bytes = 0;
  std::size_t forward_bytes = 0;   // inference
  std::size_t training_bytes = 0;  // forward and backward, without gradients of parameters and optimizer state
};

// Calls the network of `model`, whose parameters are those of `store`, forward and backward once on zeros of (batch, height,
// width), as training does. Resets the allocator's peak and the gradients. Throws Error as FusionModel::train.
ModelSummary summarize(const FusionModel& model, const ParamStore& store, std::int64_t batch, std::int64_t height,
                       std::int64_t width);

// For a terminal: one line per layer, then totals.
std::string summary_table(const ModelSummary& summary);

}  // namespace cf
