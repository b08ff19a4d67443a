// The networks by name. How to add one: docs/models.md.
#pragma once

#include <cstdint>
#include <memory>

#include "framework/nn/param_store.h"
#include "models/fusion_model.h"

namespace cf {

// Builds config.name, its parameters registered in `store` (which must be empty), drawn from `seed` and packed. The store
// must outlive the model. Throws Error for an unknown network, naming the known ones, and for sizes that it cannot have.
std::unique_ptr<FusionModel> make_model(const ModelConfig& config, ParamStore& store, std::uint64_t seed);

}  // namespace cf
