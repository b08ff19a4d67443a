// Loops over OpenMP's one pool, which oneDNN shares.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>

namespace cf {

inline int max_threads() { return omp_get_max_threads(); }
inline int thread_index() { return omp_get_thread_num(); }
inline void set_threads(int n) { omp_set_num_threads(n); }

// Calls fn(begin, end) on pieces of [0, n), one per thread, none smaller than `grain`. Runs in place where one piece is
// enough or a loop is already parallel. An exception thrown by a piece is thrown again to the caller.
template <class F>
void parallel_for(std::int64_t n, std::int64_t grain, F&& fn) {
  if (n <= 0) return;
  const std::int64_t pieces =
      std::min<std::int64_t>(max_threads(), std::max<std::int64_t>(1, n / std::max<std::int64_t>(1, grain)));
  if (pieces == 1 || omp_in_parallel() != 0) {
    fn(std::int64_t{0}, n);
    return;
  }
  std::exception_ptr error;
  std::mutex mutex;
#pragma omp parallel for schedule(static, 1) num_threads(static_cast <int>(pieces))
  for (std::int64_t p = 0; p < pieces; ++p) {
    try {
      fn(n * p / pieces, n * (p + 1) / pieces);
    } catch (...) {
      const std::scoped_lock lock(mutex);
      error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace cf
