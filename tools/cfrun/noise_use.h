// Whether a denoising network reads the noisy residual that it is given, or answers from the images alone.
#pragma once

#include <filesystem>

#include "tools/cfrun/session.h"

namespace cf {

// L1 losses of the estimated residual at almost clean steps.
struct NoiseUse {
  std::int64_t tiles = 0;
  double own = 0;    // from the tile's own noisy residual
  double other = 0;  // from that of the next tile
  double ratio() const { return other / own; }
};

// Over the tiles of a set with ground truth, at steps 2, 6, 10, 14 and 18. Throws Error where the network does not sample, and
// where there are fewer than two tiles.
NoiseUse measure_noise_use(const Session& session, const std::filesystem::path& file);

}  // namespace cf
