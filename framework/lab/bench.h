// Times the kernels of a variant beside what the machine can do at most.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "framework/lab/calls.h"
#include "kernels/variants.h"

namespace cf::lab {

// The roofline of one device (Williams, Waterman and Patterson, "Roofline", CACM 2009), measured when it is asked for.
class Roofline {
 public:
  Roofline(Device device, DType dtype) : device_(device), dtype_(dtype) {}

  // Bytes per second, read and written, of a copy between blocks that together have about `bytes`: blocks that fit into a
  // cache are copied faster, and kernels on them run faster.
  double bandwidth(double bytes);
  // Operations per second of the faster of a large matrix product and a 3x3 convolution, by the backend's own kernels.
  double peak();
  // The least time for a call.
  double seconds(const KernelCall& call);

 private:
  Device device_;
  DType dtype_;
  std::map<int, double> bandwidth_;  // by the logarithm of the size
  double peak_ = 0;
};

struct BenchOptions {
  Device device;
  DType dtype = DType::f32;
  Shape image = {8, 64, 64, 32};  // of one call
  int runs = 20;                  // timed batches of calls
};

struct KernelTime {
  std::string kernel;
  std::string what;
  double seconds = 0;  // of one call: the median over the runs
  double bytes_per_second = 0;
  double flop_per_second = 0;
  double share = 0;  // of the roofline
  double error = 0;  // norm of the difference from the f64 reference / norm of that, on the first image
};

// Seconds per call: the median over `runs` batches, each long enough to be timed and waited for once.
double seconds_per_call(const std::function<void()>& call, Device device, int runs);

std::vector<KernelTime> bench_variant(const Variant& variant, const BenchOptions& options, Roofline& roofline);

}  // namespace cf::lab
