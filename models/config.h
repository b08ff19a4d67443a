// Which network, and its size: the "model" part of a configuration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/io/config_rules.h"
#include "models/ssdiff/config.h"

namespace cf {

// The networks that models/registry.cpp lists, in its order.
std::vector<std::string> model_names();

struct Cf2nConfig {
  std::int64_t channels = 32;
  std::int64_t kernel = 3;
  std::int64_t stages = 3;

  template <class V>
  void fields(V& v) {
    v("channels", channels, "features per pixel; even", config::at_least(2));
    v("kernel", kernel, "side of the dynamic convolutions' kernels; odd", config::at_least(1));
    v("stages", stages, "cross fusion modules", config::at_least(1));
  }
};

struct FusionNetConfig {
  std::int64_t channels = 32;
  std::int64_t blocks = 4;

  template <class V>
  void fields(V& v) {
    v("channels", channels, "features per pixel", config::at_least(1));
    v("blocks", blocks, "residual blocks", config::at_least(0));
  }
};

struct ModelConfig {
  std::string name = "cf2n";
  bool recompute = false;
  // Read by the network of that name only.
  Cf2nConfig cf2n;
  FusionNetConfig fusionnet;
  SsdiffConfig ssdiff;

  // Filled in from other parts of a configuration; no fields of "model". Of denoising networks:
  DiffusionConfig diffusion;
  SamplerConfig sampler;
  TileConfig tiles;
  // Properties of the data:
  std::int64_t bands = 8;      // of the multispectral image
  std::int64_t pan_bands = 1;  // of the panchromatic image
  std::int64_t ratio = 4;      // PAN pixels per multispectral pixel, along one axis

  template <class V>
  void fields(V& v) {
    v("name", name, "the network; `cfrun summary` and docs/models.md describe each", config::one_of(model_names()));
    v("recompute", recompute,
      "training keeps activations between the network's blocks only and computes those inside again for the gradients: less "
      "memory, "
      "a fifth to a third more time, the same numbers");
    v("cf2n", cf2n, "size of CF2N");
    v("fusionnet", fusionnet, "size of FusionNet");
    v("ssdiff", ssdiff, "size of SSDiff");
  }
};

}  // namespace cf
