// Which network, and its size: the "model" part of a configuration.
#pragma once

#include <cstdint>
#include <string>

namespace cf {

struct Cf2nConfig {
  std::int64_t channels = 32;  // features; even
  std::int64_t kernel = 3;     // of the dynamic convolutions; odd
  std::int64_t stages = 3;     // cross fusion modules
};

struct FusionNetConfig {
  std::int64_t channels = 32;
  std::int64_t blocks = 4;
};

struct ModelConfig {
  std::string name = "cf2n";
  std::int64_t bands = 8;      // of the multispectral image
  std::int64_t pan_bands = 1;  // of the panchromatic image
  std::int64_t ratio = 4;      // PAN pixels per multispectral pixel, along one axis
  // Read by the network of that name only.
  Cf2nConfig cf2n;
  FusionNetConfig fusionnet;
};

}  // namespace cf
