// Fuses whole images by sampling tile by tile.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "models/fusion_model.h"
#include "models/ssdiff/sampler.h"
#include "models/ssdiff/sampling_graph.h"
#include "models/ssdiff/tiles.h"

namespace cf {

// How images are fused, and who is told about it.
struct SamplingOptions {
  SamplerConfig sampler;
  TileConfig tiles;
  // Called at the start and after each batch of tiles; total counts the tiles of all images.
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
  // The images are a part of a scene: its tiles and its noise are taken, and only the core is sampled.
  std::optional<SceneView> scene = {};
  // Where there is one and the images are on a GPU, batches of tiles are sampled by it, all of one size: the last one is filled
  // up with copies of its last tile. It may serve any number of calls with one network.
  std::shared_ptr<SamplingGraph> graph = {};
};

// The fused images, of `images.lms`'s shape (of the core's, where they are a part of a scene), dtype and device: a function of
// each image or scene, the plan and the options' seed alone, whatever the batch of tiles, the core and the other images.
// Nothing is recorded. Throws Error where an estimate is not finite, naming `network`, step and tile, and where the images do
// not hold the scene's tiles.
Tensor sample_tiles(const std::string& network, const FusionInput& images, std::int64_t ratio,
                    const std::vector<SamplerStep>& plan, const SamplingOptions& options, const TileDenoiser& denoiser);

}  // namespace cf
