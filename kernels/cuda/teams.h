// Rows of channels shared out among teams of lanes: what normalises or reduces over the last dimension. A team is a power of
// two of neighbouring lanes of a warp, as many as a row has pieces to move, so that no lane idles where channels are few.
#pragma once

#include <cstdint>

#include "kernels/cuda/launch.h"

namespace cf::cuda {

inline int team_for(std::int64_t pieces) {
  int team = 1;
  while (team < simt::kWarp && team < pieces) team *= 2;
  return team;
}

// Threads for a team per row; the kernel strides over the rest.
inline Grid grid_of_teams(std::int64_t rows, int team) { return grid_for(rows * team); }

// What one lane does of a row: pieces at begin, begin + step, ..., before end (offsets into the whole tensor).
struct RowPart {
  std::int64_t row;
  std::int64_t begin;
  std::int64_t end;
  std::int64_t step;
  bool first;  // of the team's lanes: writes what belongs to the row
};

// Calls fn(RowPart) for every row of this lane's team, in pieces of `width` elements. All lanes of a warp make the same number
// of calls, as shuffles need them all: a lane without a row gets one that is empty.
template <class F>
CF_DEVICE void for_each_row(std::int64_t rows, std::int64_t length, int team, int width, F&& fn) {
  const int place = simt::lane() % team;
  const std::int64_t teams = simt::global_threads() / team;
  const std::int64_t warp_first = (simt::global_thread() - simt::lane()) / team;
  const int in_warp = simt::lane() / team;
  for (std::int64_t first = warp_first; first < rows; first += teams) {
    const std::int64_t row = first + in_warp;
    const std::int64_t begin = row * length;
    const bool real = row < rows;
    fn(RowPart{row, begin + place * width, real ? begin + length : begin, static_cast<std::int64_t>(team) * width,
               real && place == 0});
  }
}

// `value` of all lanes of a team combined, in every one of them, in a fixed order.
template <class T, class Op>
CF_DEVICE T team_reduce(T value, int team, Op op) {
  for (int mask = team / 2; mask > 0; mask /= 2) value = op(value, simt::shuffle_xor(value, mask));
  return value;
}

struct Add {
  template <class T>
  CF_DEVICE T operator()(T a, T b) const {
    return a + b;
  }
};

// The larger; NaN where there is one.
struct Larger {
  template <class T>
  CF_DEVICE T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};

// Whether v is the maximum, where NaN is the maximum of what holds one.
template <class T>
CF_DEVICE bool reaches(T v, T maximum) {
  return v == maximum || (v != v && maximum != maximum);
}

}  // namespace cf::cuda
