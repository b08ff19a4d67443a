// How the MS image of a scene is cut into parts for training, validation and testing that share no pixel.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/raster/raster.h"

namespace cf::simulate {

enum class Part : std::uint8_t { train, valid, test };

struct SplitOptions {
  Window usable;  // of MS
  std::int64_t patch = 64;
  std::int64_t unit = 4;                           // sides of regions and patches are multiples of it
  std::array<double, 3> shares = {0.8, 0.1, 0.1};  // of train, valid, test; 0: none
  std::uint64_t seed = 1;
};

struct Region {
  Part part;
  Window window;
};

// Blocks of about 256 x 256 MS pixels, dealt out by the seed, where there are ten or more of them; else three strips across the
// longer side, each at least a patch wide; where validation and test need no more than that, they share one. Throws Error where
// not every part with a share gets room for a patch.
std::vector<Region> plan_regions(const SplitOptions& options);

// Windows of rows x cols inside the region, `stride_*` apart, row by row; none where it is smaller.
std::vector<Window> windows_in(const Window& region, std::int64_t rows, std::int64_t cols, std::int64_t stride_rows,
                               std::int64_t stride_cols);

}  // namespace cf::simulate
