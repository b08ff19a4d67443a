// A mean of values found in parallel and added in order, so that it does not depend on the thread count.
#pragma once

#include <numeric>
#include <vector>

#include "framework/core/parallel.h"

namespace cf::quality {

// The mean of fn(0) ... fn(n - 1); NaN where n is 0.
template <class F>
double mean_of(std::int64_t n, F&& fn) {
  std::vector<double> values(static_cast<std::size_t>(n));
  parallel_for(n, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) values[static_cast<std::size_t>(i)] = fn(i);
  });
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
}

}  // namespace cf::quality
