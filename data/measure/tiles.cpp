#include "data/measure/tiles.h"

#include <algorithm>

#include "data/scene/grid.h"

namespace cf::measure {
namespace {

struct Piece {
  std::int64_t begin;
  std::int64_t length;
};

std::vector<Piece> cut(std::int64_t n, std::int64_t side) {
  std::vector<Piece> pieces;
  for (std::int64_t at = 0; at < n; at += side) pieces.push_back({at, std::min(side, n - at)});
  if (pieces.size() > 1 && pieces.back().length < kBlock) {
    const std::int64_t rest = pieces.back().length;
    pieces.pop_back();
    pieces.back().length += rest;
  }
  return pieces;
}

}  // namespace

std::vector<Window> cut_cores(std::int64_t rows, std::int64_t cols, std::int64_t side) {
  std::vector<Window> cores;
  for (const Piece& down : cut(rows, side)) {
    for (const Piece& across : cut(cols, side)) cores.push_back({down.begin, across.begin, down.length, across.length});
  }
  return cores;
}

Validity whole_windows(const Validity& valid, std::int64_t rows, std::int64_t cols, std::int64_t n) {
  if (valid.empty()) return {};
  // Invalid pixels above and left of each corner.
  const std::int64_t width = cols + 1;
  std::vector<std::int64_t> sums(static_cast<std::size_t>((rows + 1) * width), 0);
  const auto at = [&](std::int64_t y, std::int64_t x) -> std::int64_t& { return sums[static_cast<std::size_t>(y * width + x)]; };
  for (std::int64_t y = 0; y < rows; ++y) {
    for (std::int64_t x = 0; x < cols; ++x) {
      const std::int64_t bad = valid[static_cast<std::size_t>(y * cols + x)] == 0 ? 1 : 0;
      at(y + 1, x + 1) = bad + at(y, x + 1) + at(y + 1, x) - at(y, x);
    }
  }
  Validity whole;
  for (std::int64_t y = 0; y + n <= rows; ++y) {
    for (std::int64_t x = 0; x + n <= cols; ++x) {
      whole.push_back(at(y + n, x + n) - at(y, x + n) - at(y + n, x) + at(y, x) == 0 ? 1 : 0);
    }
  }
  return whole;
}

Planes mirrored_block(const Planes& image, std::int64_t y, std::int64_t x, std::int64_t n) {
  Planes block(n, n, image.bands);
  for (std::int64_t b = 0; b < image.bands; ++b) {
    for (std::int64_t p = 0; p < n * n; ++p) {
      block.band(b)[p] = image.at(mirrored(y + p / n, image.rows), mirrored(x + p % n, image.cols), b);
    }
  }
  return block;
}

bool counts(const Validity& valid, std::int64_t rows, std::int64_t cols, std::int64_t y, std::int64_t x, std::int64_t n) {
  if (valid.empty()) return true;
  for (std::int64_t r = y; r < std::min(y + n, rows); ++r) {
    for (std::int64_t c = x; c < std::min(x + n, cols); ++c) {
      if (valid[static_cast<std::size_t>(r * cols + c)] == 0) return false;
    }
  }
  return true;
}

}  // namespace cf::measure
