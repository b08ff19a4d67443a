// Images of a data set fused as a scene is, part by part.
#pragma once

#include "data/dataset.h"
#include "data/scene/method.h"

namespace cf {

// A part of the scene that the first image of a batch is: what lies beyond it is mirrored, the edge's pixels repeated, and all
// pixels are valid. `window` begins and ends at multiples of the ratio; the images are on the host.
ScenePart part_of(const Batch& batch, std::int64_t ratio, const Window& window, const Window& core);

// The first image of a batch, (1, H, W, B), fused in cores of `core` pixels along a side, those at its end smaller.
Tensor fuse_as_scene(SceneMethod& method, const Batch& batch, std::int64_t ratio, std::int64_t core);

}  // namespace cf
