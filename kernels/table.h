// The kernels of one backend: a table of function pointers per family, filled in whole.
#pragma once

#include "kernels/attention.h"
#include "kernels/conv.h"
#include "kernels/elementwise.h"
#include "kernels/fft.h"
#include "kernels/fmim.h"
#include "kernels/fused.h"
#include "kernels/laconv.h"
#include "kernels/layout.h"
#include "kernels/loss.h"
#include "kernels/matmul.h"
#include "kernels/norm.h"
#include "kernels/optim.h"
#include "kernels/patches.h"
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
  AttentionKernels attention;
  FmimKernels fmim;
  OptimKernels optim;
  PatchKernels patches;
};

enum class Backend : std::uint8_t {
  reference,  // plain loops in f32 and f64: the specification
  cpu,        // oneDNN, Highway, OpenMP in f32; f64 goes to the reference
  cuda,       // cuDNN, cuBLAS, cuFFT and our own kernels in f32 and bf16; in a build without CUDA our own kernels run in the
              // emulator, on host memory, and the reference stands in for the libraries
};
constexpr int kBackends = 3;

const KernelTable& kernel_table(Backend backend);
// Whether kernel_table(cuda) runs in the emulator.
bool cuda_is_emulated();
// The table that operators on `device` use: that of the device's kind, unless a UseKernels for it is alive.
const KernelTable& kernels_for(Device device);

// While alive, operators on devices of one kind use another table. Not for concurrent use from several threads.
class UseKernels {
 public:
  // `table` must outlive the guard.
  UseKernels(Device::Kind kind, const KernelTable& table);
  // On the CPU. The cuda backend works on host memory only where it is emulated.
  explicit UseKernels(Backend backend) : UseKernels(Device::Kind::cpu, kernel_table(backend)) {}
  ~UseKernels();
  UseKernels(const UseKernels&) = delete;
  UseKernels& operator=(const UseKernels&) = delete;

 private:
  Device::Kind kind_;
  const KernelTable* before_;
};

}  // namespace cf
