// What a user can say to `cfrun fuse`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/raster/raster.h"
#include "data/scene/grid.h"
#include "data/scene/nodata.h"
#include "tools/cfrun/scene_network.h"

namespace cf {

struct FuseOptions {
  // The method.
  std::string method;                  // empty: the checkpoint's network
  std::string checkpoint;              // of networks
  std::vector<std::string> overrides;  // of its configuration, "sampler.steps=5"
  WeightChoice weight_choice = WeightChoice::automatic;
  PooledStatistics statistics = PooledStatistics::scene;
  std::string sensor;           // of classical methods
  std::vector<double> weights;  // of Brovey

  // The scene.
  std::vector<std::string> pan;
  std::vector<std::string> ms;
  std::vector<std::int64_t> bands;  // of MS, from 1; empty: all
  AlignOptions align;
  std::string bit_depth;  // 8 .. 16, "auto"; empty: not said
  double scale = 0;       // 0: not said
  NodataChoice nodata;

  // The output.
  std::string output;
  std::string type;  // empty: that of MS
  RasterFormat format;
  bool resume = false;

  // The work.
  std::int64_t ranks = 0;  // --ranks; 0: not said
  std::int64_t tile = 0;
  std::int64_t max_memory = std::int64_t{2} << 30U;
  int threads = 0;
  std::string json;
  std::string report;
};

// "2G", "512 MiB", "1500000000". Throws Error that names the option.
std::int64_t parse_bytes(std::string_view text, std::string_view option);
// "nan", "-9999". Throws Error that names the option.
double parse_nodata(std::string_view text, std::string_view option);

}  // namespace cf
