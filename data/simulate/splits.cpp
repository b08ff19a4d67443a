#include "data/simulate/splits.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/check.h"
#include "framework/core/rng.h"

namespace cf::simulate {
namespace {

constexpr std::int64_t kBlock = 256;
constexpr std::int64_t kFewBlocks = 10;

std::int64_t floor_to(std::int64_t n, std::int64_t multiple) { return n / multiple * multiple; }

// Blocks along one side: as many as fit, all alike.
struct Side {
  std::int64_t count;
  std::int64_t length;
};

Side divide(std::int64_t n, const SplitOptions& o) {
  const std::int64_t least = std::max(kBlock, o.patch);
  const std::int64_t count = std::max<std::int64_t>(1, n / least);
  return {count, floor_to(n / count, o.unit)};
}

// How many of n blocks each part gets: in proportion, at least one where it has a share.
std::array<std::int64_t, 3> deal(std::int64_t n, const std::array<double, 3>& shares) {
  const double sum = shares[0] + shares[1] + shares[2];
  std::array<std::int64_t, 3> counts{};
  for (std::size_t p = 1; p < 3; ++p) {
    const auto part = static_cast<std::int64_t>(std::llround(shares[p] / sum * static_cast<double>(n)));
    counts[p] = shares[p] > 0 ? std::max<std::int64_t>(1, part) : 0;
  }
  counts[0] = n - counts[1] - counts[2];
  return counts;
}

std::vector<Region> deal_blocks(const SplitOptions& o, const Side& down, const Side& across) {
  const std::int64_t n = down.count * across.count;
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  constexpr std::uint64_t kSplits = 0x73706c697473;  // apart from the order of batches
  const Philox random = make_rng(o.seed, RngStream::shuffle, kSplits);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i, i)]);
  const auto counts = deal(n, o.shares);
  std::vector<Region> regions;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto block = std::find(order.begin(), order.end(), i) - order.begin();
    const Part part = block < counts[1] ? Part::valid : block < counts[1] + counts[2] ? Part::test : Part::train;
    regions.push_back({part,
                       {o.usable.row + i / across.count * down.length, o.usable.col + i % across.count * across.length,
                        down.length, across.length}});
  }
  return regions;
}

std::vector<Region> cut_strips(const SplitOptions& o) {
  const bool columns = o.usable.cols >= o.usable.rows;
  const std::int64_t length = floor_to(columns ? o.usable.cols : o.usable.rows, o.unit);
  const std::int64_t width = floor_to(columns ? o.usable.rows : o.usable.cols, o.unit);
  const double sum = o.shares[0] + o.shares[1] + o.shares[2];
  std::array<std::int64_t, 3> lengths{};
  std::int64_t parts = 0;
  for (std::size_t p = 0; p < 3; ++p) {
    if (o.shares[p] <= 0) continue;
    ++parts;
    lengths[p] = std::max(o.patch, floor_to(std::llround(o.shares[p] / sum * static_cast<double>(length)), o.unit));
  }
  // Where both are as narrow as can be, one strip does for both.
  const bool shared = lengths[1] == o.patch && lengths[2] == o.patch && width >= 2 * o.patch;
  lengths[0] = length - lengths[1] - (shared ? 0 : lengths[2]);
  check(
      width >= o.patch && lengths[0] >= o.patch,
      "simulate: {} x {} MS pixels with PAN beside them have no room for {} part{} of patches of {} x {} MS pixels; smaller ones "
      "fit with --patch, fewer parts with --split 0.9,0.1,0",
      o.usable.rows, o.usable.cols, parts, parts == 1 ? "" : "s", o.patch, o.patch);
  const auto strip = [&](Part part, std::int64_t from, std::int64_t n, std::int64_t first, std::int64_t across) {
    return Region{part, columns ? Window{o.usable.row + first, o.usable.col + from, across, n}
                                : Window{o.usable.row + from, o.usable.col + first, n, across}};
  };
  if (shared) {
    const std::int64_t half = floor_to(width / 2, o.unit);
    return {strip(Part::train, 0, lengths[0], 0, width), strip(Part::valid, lengths[0], o.patch, 0, half),
            strip(Part::test, lengths[0], o.patch, half, floor_to(width - half, o.unit))};
  }
  std::vector<Region> regions;
  std::int64_t at = 0;
  for (const Part part : {Part::train, Part::valid, Part::test}) {
    const std::int64_t n = lengths[static_cast<std::size_t>(part)];
    if (n > 0) regions.push_back(strip(part, at, n, 0, width));
    at += n;
  }
  return regions;
}

}  // namespace

std::vector<Region> plan_regions(const SplitOptions& o) {
  check(o.patch > 0 && o.patch % o.unit == 0, "simulate: patches of {} MS pixels, expected a multiple of {}", o.patch, o.unit);
  check(o.shares[0] > 0 && o.shares[1] >= 0 && o.shares[2] >= 0 && std::isfinite(o.shares[0] + o.shares[1] + o.shares[2]),
        "simulate: shares of {}, {} and {}, expected one above 0 for training and none below 0", o.shares[0], o.shares[1],
        o.shares[2]);
  const Side down = divide(o.usable.rows, o);
  const Side across = divide(o.usable.cols, o);
  const bool blocks = down.count * across.count >= kFewBlocks && down.length >= o.patch && across.length >= o.patch;
  return blocks ? deal_blocks(o, down, across) : cut_strips(o);
}

std::vector<Window> windows_in(const Window& region, std::int64_t rows, std::int64_t cols, std::int64_t stride_rows,
                               std::int64_t stride_cols) {
  std::vector<Window> windows;
  for (std::int64_t y = 0; y + rows <= region.rows; y += stride_rows) {
    for (std::int64_t x = 0; x + cols <= region.cols; x += stride_cols) {
      windows.push_back({region.row + y, region.col + x, rows, cols});
    }
  }
  return windows;
}

}  // namespace cf::simulate
