// Q2n: the quality index of images whose pixels are hypercomplex numbers, one component per band (Garzelli and Nencini,
// "Hypercomplex quality assessment of multi/hyperspectral images", IEEE GRSL 2009). Q4 for 4 bands, Q8 for 8.
#pragma once

#include "data/image/planes.h"

namespace cf::quality {

// Mean over blocks of block x block. Both images are rounded to uint16 (so they must be in DN), extended at the bottom and
// right to whole blocks by a half-sample mirror, and get zero bands up to a power of two. Inside a block, with the ground
// truth's mean m and standard deviation s (n - 1; eps where 0) of each band, g' = (g - m) / s + 1 and f' = (f - m) / s + 1
// (f - m + 1 where m = 0), f' conjugated; the value is |E[g' f'] - E[g'] E[f']| normalised like the UIQI.
// Throws Error where the sizes differ.
double q2n(const Planes& g, const Planes& f, std::int64_t block = 32);

// +1 or -1: the sign in e_i e_j = sign e_(i xor j) for the units of the algebra with n components (n a power of two).
int unit_product_sign(std::int64_t i, std::int64_t j, std::int64_t n);

}  // namespace cf::quality
