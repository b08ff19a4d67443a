// A scene from rasters to a raster, part by part: read ahead in one thread, computed, written behind in another. What is in
// memory at once depends on the size of parts, not of the scene.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/raster/raster.h"
#include "data/scene/encode.h"
#include "data/scene/method.h"
#include "data/scene/part_file.h"
#include "data/scene/source.h"

namespace cf {

// How a scene is cut into cores: row by row, from its first pixel on.
struct TilePlan {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t bytes = 0;  // that streaming needs at most beside the program itself
};

struct TileLimits {
  std::int64_t bytes = 0;    // that may be used
  std::int64_t tile = 0;     // side of the cores; 0: as large as is good and fits
  std::int64_t block = 512;  // of the output; cores are made of whole blocks where that is possible
  std::int64_t ranks = 1;    // that share the parts: the first holds one of each
};

// Of a method that has begun. Throws Error where not even small cores fit, saying what would do.
TilePlan plan_tiles(const SceneMethod& method, const SceneSource& source, const TileLimits& limits);
std::vector<Window> cut(std::int64_t rows, std::int64_t cols, std::int64_t core_rows, std::int64_t core_cols);

enum class StreamStage : std::uint8_t { survey, fuse };

// The processes that share a scene's parts, each computing every size-th, and how they talk: all of them call these in the same
// order. Without functions: this one alone.
struct SceneRanks {
  int rank = 0;
  int size = 1;
  std::function<std::vector<std::string>(const std::string&)> to_all;    // everybody's text, by rank
  std::function<std::vector<std::string>(const std::string&)> to_first;  // the same, on rank 0 alone
};

struct StreamOptions {
  SceneRanks ranks;
  TilePlan tiles;
  // Asked between two parts; true: leave off, the finished parts are kept.
  std::function<bool()> stopped = [] { return false; };
  std::function<void(StreamStage, std::int64_t done, std::int64_t total)> progress = [](StreamStage, std::int64_t, std::int64_t) {
  };
  // Sees each part with the samples of its core as they are written; null: nobody looks. Not called for parts outside MS.
  std::function<void(const ScenePart&, std::span<const float> samples)> observe;
};

struct StreamResult {
  bool stopped = false;
  SceneCounts counts;
  std::int64_t tiles = 0;            // in all
  std::int64_t resumed_tiles = 0;    // taken from the part file
  std::int64_t computed_pixels = 0;  // with halos, of the fusing pass
  std::int64_t surveyed_pixels = 0;  // without
  double survey_seconds = 0;
  double compute_seconds = 0;  // of the fusing pass
  double read_seconds = 0;     // of the reading thread
  double write_seconds = 0;    // of the writing thread, the end of the file included
  double wait_seconds = 0;     // that computing waited for them, the end of the file included
};

// Everything but opening and closing: survey, where the method needs one, then all parts. The method has begun. Calls
// writer.finish() unless it was stopped. `parts`: where finished parts are kept and found again; null: nowhere. Of several ranks
// the first has the writer, which is null on the others, and the parts; the method can tell what its survey found; counts and
// computed pixels are complete on the first. Exceptions of the threads come out here.
StreamResult stream_scene(SceneMethod& method, SceneSource& source, RasterWriter* writer, const SampleEncoder& encoder,
                          PartFile* parts, const StreamOptions& options);

}  // namespace cf
