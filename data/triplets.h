// SEN12MS-CR: triplets of a Sentinel-1 image, a Sentinel-2 image with clouds and one without, as GeoTIFFs in folders (Ebel,
// Meraner, Schmitt, Zhu, "Multisensor data fusion for cloud removal in global and all-season Sentinel-2 imagery", IEEE TGRS
// 2021).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/source.h"

namespace cf {

struct Triplet {
  std::string name;              // "ROIs1158_spring_1_p30"
  std::filesystem::path radar;   // ..._s1_1_p30.tif: VV and VH in dB
  std::filesystem::path clear;   // ..._s2_1_p30.tif: 13 bands
  std::filesystem::path cloudy;  // ..._s2_cloudy_1_p30.tif: 13 bands
};

// What radar backscatter is clipped to, in dB, as is usual with this data set: VV to [-25, 0], VH to [-32.5, 0].
inline constexpr double kLowestVv = -25;
inline constexpr double kLowestVh = -32.5;
// Reflectance is clipped to [0, 10000].
inline constexpr double kLargestReflectance = 10000;

// Whether a path can mean such a set: a folder, or a list (.txt).
bool is_triplet_set(const std::filesystem::path& path);

// The triplets of a folder and all folders below it, found by the names of their files, in the order of their names; or of a
// list, a text file beside the folders, those of the scenes ("ROIs1158_spring_1") and patches ("ROIs1158_spring_1_p30") that it
// names, one in a line. Throws Error: a missing member of a triplet, by name; a listed scene or patch that is not there; none.
std::vector<Triplet> find_triplets(const std::filesystem::path& path);

// gt: the clear image, ms: the cloudy one, both (N, H, W, 13) in reflectance times 10000, clipped; pan: the radar image (N, H, W,
// 2), its range stretched to 0 .. `scale`. NaN in a radar image become the mean of its band, which is said once. Sizes are those
// of the first triplet. Throws Error as find_triplets(); reading throws where a file is no raster or has another size, number of
// bands, type of georeference or place than the others of its triplet, and where backscatter is not in dB.
ImageSources open_triplets(const std::filesystem::path& path, double scale);

}  // namespace cf
