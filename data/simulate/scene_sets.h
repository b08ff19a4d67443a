// Training, validation and test sets from one's own scene, in the layout of data/dataset.h.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "data/simulate/reducer.h"
#include "data/simulate/splits.h"

namespace cf::simulate {

struct SetOptions {
  std::int64_t patch = 0;     // side in MS pixels; 0: 64, or the next larger side that the ratio allows
  std::int64_t overlap = -1;  // of neighbouring patches; -1: a quarter of the side, more where that leaves fewer than 200
  std::array<double, 3> shares = {0.8, 0.1, 0.1};  // of train, valid, test
  std::uint64_t seed = 1;
  std::int64_t test_images = 20;  // at most, of each test set
};

struct SetSummary {
  std::filesystem::path file;  // empty: there is none
  std::int64_t samples = 0;
  std::int64_t skipped = 0;  // pixels without data in them
  std::int64_t rows = 0;     // of gt, lms and pan
  std::int64_t cols = 0;
  std::vector<Window> windows;  // of the samples: MS pixels; cells at full resolution
};

struct SceneSets {
  std::int64_t patch = 0;
  std::int64_t overlap = 0;
  std::int64_t unit = 0;
  Window usable;
  std::vector<Region> regions;
  SetSummary train, valid, test_reduced, test_full;
};

// Where regions of a scene begin and how patches may be sized: what networks (even sides) and the ratio ask for.
std::int64_t patch_unit(std::int64_t ratio);

// Decides what goes where; reads only validity. Throws Error where no training patch is left.
SceneSets plan_sets(Reducer& reducer, const SetOptions& options);

// Writes train.h5, valid.h5, test_reduced.h5 and test_full.h5, those that have samples, into an existing folder, piece by piece;
// each appears once it is whole. gt, ms and pan are uint16 where the reducer rounds, else float32. progress(done, total) counts
// samples.
void write_sets(Reducer& reducer, const std::filesystem::path& folder, SceneSets& sets,
                const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace cf::simulate
