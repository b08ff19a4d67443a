#include <fmt/format.h>

#include <algorithm>

#include "data/scene/stream.h"
#include "framework/core/check.h"

namespace cf {
namespace {

constexpr std::int64_t kSmallest = 64;                    // side of a core
constexpr std::int64_t kCached = std::int64_t{2} << 20U;  // bytes that the cache of two cores holds, with room to spare
// Parts as they were read: one being read, one waiting, one being assembled.
constexpr std::int64_t kRawParts = 3;
// Samples on their way out: one being encoded, one waiting, one being written.
constexpr std::int64_t kEncoded = 3;

std::int64_t bytes_of(const SceneMethod& method, const SceneSource& source, std::int64_t ranks, std::int64_t rows,
                      std::int64_t cols) {
  const SceneNeeds needs = method.needs();
  const SceneGrid grid = source.grid();
  rows = std::min(rows, grid.rows);
  cols = std::min(cols, grid.cols);
  // A part in the middle of the scene is the largest.
  const PartRequest request{{0, 0, rows, cols}, needs.halo, needs.multiple};
  const std::int64_t core = rows * cols * grid.bands * 4;
  return kRawParts * source.raw_bytes(request) + source.part_bytes(request) + method.working_bytes(rows, cols) +
         (kEncoded + ranks) * core;
}

std::int64_t survey_bytes(const SceneMethod& method, const SceneSource& source) {
  const SceneNeeds needs = method.needs();
  if (needs.survey_core == 0) return 0;
  const PartRequest request{{0, 0, needs.survey_core, needs.survey_core}, needs.survey_halo, needs.multiple};
  return kRawParts * source.raw_bytes(request) + source.part_bytes(request) +
         method.working_bytes(needs.survey_core, needs.survey_core);
}

// Squares, which compute the fewest pixels twice. Methods that look at single pixels do little with each, so what counts is that
// a part is encoded before it leaves the processor's cache: one row of blocks, some of them.
std::vector<std::pair<std::int64_t, std::int64_t>> candidates(const SceneNeeds& needs, const SceneGrid& grid,
                                                              std::int64_t block) {
  std::vector<std::pair<std::int64_t, std::int64_t>> sizes;
  if (needs.halo == 0) {
    const std::int64_t bytes_of_block = block * block * grid.bands * 4;
    sizes.emplace_back(block, std::max<std::int64_t>(1, kCached / bytes_of_block) * block);
  }
  const std::int64_t good = std::max(needs.core, kSmallest);
  const std::int64_t first = good > block ? good / block * block : good;
  for (std::int64_t side = first; side > block; side -= block) sizes.emplace_back(side, side);
  for (std::int64_t side = std::min(first, block); side >= kSmallest; side /= 2) sizes.emplace_back(side, side);
  return sizes;
}

std::string in_mib(std::int64_t bytes) { return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / (1 << 20)); }

}  // namespace

TilePlan plan_tiles(const SceneMethod& method, const SceneSource& source, const TileLimits& limits) {
  const std::int64_t survey = survey_bytes(method, source);
  const auto plan = [&](std::int64_t rows, std::int64_t cols) {
    return TilePlan{rows, cols, std::max(survey, bytes_of(method, source, limits.ranks, rows, cols))};
  };
  if (limits.tile > 0) {
    const TilePlan chosen = plan(limits.tile, limits.tile);
    check(chosen.bytes <= limits.bytes,
          "--tile {} with {} needs {}, {} are left of --max-memory; take smaller tiles or more memory", limits.tile,
          method.name(), in_mib(chosen.bytes), in_mib(limits.bytes));
    return chosen;
  }
  TilePlan least;
  for (const auto& [rows, cols] : candidates(method.needs(), source.grid(), limits.block)) {
    least = plan(rows, cols);
    if (least.bytes <= limits.bytes) return least;
  }
  fail("{} needs {} at least, in tiles of {} x {} pixels, and {} are left of --max-memory; allow {} more", method.name(),
       in_mib(least.bytes), least.rows, least.cols, in_mib(limits.bytes), in_mib(least.bytes - limits.bytes));
}

std::vector<Window> cut(std::int64_t rows, std::int64_t cols, std::int64_t core_rows, std::int64_t core_cols) {
  std::vector<Window> cores;
  for (std::int64_t row = 0; row < rows; row += core_rows) {
    for (std::int64_t col = 0; col < cols; col += core_cols) {
      cores.push_back({row, col, std::min(core_rows, rows - row), std::min(core_cols, cols - col)});
    }
  }
  return cores;
}

}  // namespace cf
