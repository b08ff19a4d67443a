// The kernels of one backend: a table of function pointers per family, filled in whole.
#pragma once

#include "kernels/conv.h"
#include "kernels/elementwise.h"
#include "kernels/fft.h"
#include "kernels/fused.h"
#include "kernels/laconv.h"
#include "kernels/layout.h"
#include "kernels/loss.h"
#include "kernels/matmul.h"
#include "kernels/norm.h"
#include "kernels/optim.h"
#include "kernels/pool.h"
#include "kernels/random.h"
#include "kernels/reduce.h"
#include "kernels/resize.h"
#include "kernels/softmax.h"
#include "kernels/wavelet.h"

namespace cf {

struct KernelTable {
  const char* name;
  ElementwiseKernels elementwise;
  ReduceKernels reduce;
  LayoutKernels layout;
  RandomKernels random;
  SoftmaxKernels softmax;
  LossKernels loss;
  FusedKernels fused;
  MatmulKernels matmul;
  ConvKernels conv;
  PoolKernels pool;
  NormKernels norm;
  ResizeKernels resize;
  FftKernels fft;
  WaveletKernels wavelet;
  LaconvKernels laconv;
  OptimKernels optim;
};

enum class Backend : std::uint8_t {
  reference,  // plain loops in f32 and f64: the specification
  cpu,        // oneDNN, Highway, OpenMP in f32; f64 goes to the reference
};

const KernelTable& kernel_table(Backend backend);
// The table that operators on `device` use: the fastest backend there, unless a UseBackend is alive.
const KernelTable& kernels_for(Device device);

// While alive, operators on the CPU use `backend`. Not for concurrent use from several threads.
class UseBackend {
 public:
  explicit UseBackend(Backend backend);
  ~UseBackend();
  UseBackend(const UseBackend&) = delete;
  UseBackend& operator=(const UseBackend&) = delete;

 private:
  Backend before_;
};

}  // namespace cf
