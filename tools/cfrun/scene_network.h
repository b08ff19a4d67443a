// Networks as methods of fusing scenes, window by window.
#pragma once

#include <array>
#include <memory>

#include "data/scene/method.h"
#include "tools/cfrun/session.h"

namespace cf {

// Where CF2N's spectral attention takes what it pools: from the scene in windows of the training size, interpolated, so that
// the result does not depend on parts; or from each part that it is given, so that it does.
enum class PooledStatistics : std::uint8_t { scene, window };
constexpr auto enum_names(PooledStatistics) {
  return std::to_array<config::EnumName<PooledStatistics>>(
      {{PooledStatistics::scene, "scene"}, {PooledStatistics::window, "window"}});
}

// Of networks that pool; others see no difference.
struct SceneNetworkOptions {
  PooledStatistics statistics = PooledStatistics::scene;
  std::int64_t training_size = 64;  // side of the windows that are pooled: that of the patches the network was trained on
};

// The session's network, on its device and in its precision; one that samples does so as session.experiment.sampler and .tiles
// say. The session must outlive the method. Throws Error for a network that does not say how far it sees.
std::unique_ptr<SceneMethod> network_method(const Session& session, const SceneNetworkOptions& options = {});

}  // namespace cf
