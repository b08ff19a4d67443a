// Where the CPU backend has no fast path for a type it calls the reference kernels.
#pragma once

namespace cf::cpu {

// The reference backend's table of one family, e.g. reference_kernels<WaveletKernels>().haar_dwt.
template <class Kernels>
const Kernels& reference_kernels() {
  static const Kernels kernels = [] {
    Kernels k{};
    reference::fill(k);
    return k;
  }();
  return kernels;
}

}  // namespace cf::cpu
