// How long queued work takes, for the choice between algorithms.
#pragma once

#include <algorithm>

#include "kernels/cuda/context.h"

namespace cf::cuda {

// A mark in the stream that knows when it was reached.
class Mark {
 public:
  Mark() { check_status(cudaEventCreate(&event_), "creating an event"); }
  ~Mark() { cudaEventDestroy(event_); }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  void set() { check_status(cudaEventRecord(event_, stream()), "timing"); }
  // Waits for both.
  double milliseconds_since(const Mark& begin) const {
    float elapsed = 0;
    check_status(cudaEventSynchronize(event_), "timing");
    check_status(cudaEventElapsedTime(&elapsed, begin.event_, event_), "timing");
    return elapsed;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

// Milliseconds of the shortest of a few runs behind one that is not counted. Waits; not while work is being recorded.
template <class F>
double shortest_run(F&& work) {
  constexpr int kRuns = 3;
  Mark begin;
  Mark end;
  work();
  double shortest = 0;
  for (int run = 0; run < kRuns; ++run) {
    begin.set();
    work();
    end.set();
    const double elapsed = end.milliseconds_since(begin);
    shortest = run == 0 ? elapsed : std::min(shortest, elapsed);
  }
  return shortest;
}

}  // namespace cf::cuda
