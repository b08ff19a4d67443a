// `cfrun fuse` from its options to a file.
#pragma once

#include "tools/cfrun/scene_options.h"

namespace cf {

// Fuses, prints a summary and writes what else was asked for. The exit code: 0, or 128 + the signal that interrupted it. Throws
// Error where something cannot be done; nothing stands under the output's name then, unless it did before.
int fuse_scene(const FuseOptions& options);

}  // namespace cf
