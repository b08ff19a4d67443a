// Procedural data on disk, under PanCollection's names and in its layout.
#pragma once

#include <filesystem>
#include <vector>

#include "data/synth.h"

namespace cf {

// Makes the folder where it is missing. Throws Error where it cannot be made or takes no files: making images takes a while.
void make_synth_folder(const std::filesystem::path& folder);

// Writes train_S.h5, valid_S.h5, test_S_multiExm1.h5 and test_S_OrigScale_multiExm1.h5 (S: the sensor) into `folder`, which
// is made where it is missing: datasets gt, ms, lms, pan as float64 (float32 above 16 bands) of N x C x H x W, no gt at full
// resolution. Each file
// appears under its name only once it is whole. Returns the four paths. Sensors of SEN12MS-CR's layout: see write_triplets().
// Throws Error where the folder cannot be written.
std::vector<std::filesystem::path> write_synth(const std::filesystem::path& folder, const SynthOptions& options);

}  // namespace cf
