// Procedural triplets of radar, cloudy and clear images on disk, in the layout and under the names of SEN12MS-CR.
#pragma once

#include <filesystem>
#include <vector>

#include "data/image/planes.h"
#include "data/synth.h"

namespace cf {

// One place, seen three times; (side, side, B).
struct TripletScene {
  Planes radar;                // VV, VH in dB
  Planes clear;                // 13 bands, reflectance times 10000
  Planes cloudy;               // the same on another day, with clouds and their shadows
  std::vector<float> opacity;  // of the clouds, 0 .. 1, row by row
};

// A function of the seed alone, whatever the number of threads.
TripletScene make_triplet_scene(std::int64_t side, std::uint64_t seed);

// Writes ROIs1158_spring/{s1,s2,s2_cloudy}_N/ROIs1158_spring_{s1,s2,s2_cloudy}_N_pM.tif and so on through the four seasons of
// that set: patches of 256 x 256 pixels of 10 m, 128 apart, float32 of the radar and uint16 of the camera; and the lists
// train.txt, valid.txt, test.txt of their scenes beside them. Of the options: seed; train_scenes scenes of `size` pixels along a
// side (0: 512; 256 + a multiple of 128), a quarter as many, but one at least, of 384 for validation, test_images of 256 to test.
// Returns the lists. Throws Error where the folder holds other images already or cannot be written to.
std::vector<std::filesystem::path> write_triplets(const std::filesystem::path& folder, const SynthOptions& options);

}  // namespace cf
