// The universal image quality index, U = 4 cov mx my / ((vx + vy) (mx^2 + my^2)) (Wang and Bovik, "A universal image quality
// index", IEEE SPL 2002), over the three kinds of window that the field uses. They give different numbers.
//
// Where both sides are flat U is 2 mx my / (mx^2 + my^2), and 1 where both are zero, as Wang's code has it. (The toolbox
// has no such rule for non-overlapping blocks and returns NaN there.)
#pragma once

#include <cstdint>
#include <span>

#include "data/image/planes.h"

namespace cf::quality {

// The toolbox's Q or Q_avg: windows of block x block at every position, mean over windows and then over bands.
// `windows`: which positions count, row by row by their first pixels; empty: all. NaN where none does.
// Throws Error where sizes differ or the image is smaller than a window.
double q_sliding(const Planes& g, const Planes& f, std::int64_t block, std::span<const std::uint8_t> windows = {});

// Mean over blocks that do not overlap, of band bx of x and band by of y; statistics with n - 1. Rows and columns beyond a
// whole number of blocks, at the bottom and the right, are left out. Throws Error where there is no whole block.
double q_blocks(const Planes& x, std::int64_t bx, const Planes& y, std::int64_t by, std::int64_t block);

// One window over the whole band, statistics with n - 1, 1e-21 added to both denominators (the CF2N repository's).
double q_global(const Planes& x, std::int64_t bx, const Planes& y, std::int64_t by);

}  // namespace cf::quality
