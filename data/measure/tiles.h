// Images that are measured tile by tile: how they are cut, and which of a tile's pixels and windows count.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image/planes.h"
#include "data/raster/raster.h"

namespace cf::measure {

inline constexpr std::int64_t kBlock = 32;  // of Q2n, Q and the UIQI

// Cores of about `side` pixels (a multiple of the block) that cover rows x cols. They begin at multiples of it; the last ones are
// larger rather than smaller than a block, so that a block that ends beyond the image finds its mirror image in its own core.
std::vector<Window> cut_cores(std::int64_t rows, std::int64_t cols, std::int64_t side);

// Validity of an image, row by row; empty: every pixel counts.
using Validity = std::vector<std::uint8_t>;

// Of each window of n x n inside rows x cols, by its first pixel: whether all of its pixels count.
Validity whole_windows(const Validity& valid, std::int64_t rows, std::int64_t cols, std::int64_t n);

// A block of n x n at (y, x), mirrored beyond the last row and column as Q2n does it.
Planes mirrored_block(const Planes& image, std::int64_t y, std::int64_t x, std::int64_t n);
// Whether all pixels of the block that lie in the image count.
bool counts(const Validity& valid, std::int64_t rows, std::int64_t cols, std::int64_t y, std::int64_t x, std::int64_t n);

}  // namespace cf::measure
