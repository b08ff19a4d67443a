// A CUDA device that is not there: host memory under the name "cuda:0" (and :1), with kernels run by the emulator. With it,
// all that happens around kernels on a GPU (placement, copies, training, captured steps) is tested on any machine: reading
// device memory on the host without a copy is an error here as it is there.
#pragma once

#include <cstddef>

namespace cf::emulator {

// While alive, devices of kind cuda exist. `memory`: bytes that each has. One at a time.
class FakeGpu {
 public:
  explicit FakeGpu(std::size_t memory = std::size_t{1} << 30U);
  ~FakeGpu();
  FakeGpu(const FakeGpu&) = delete;
  FakeGpu& operator=(const FakeGpu&) = delete;

  // Copies from the device to the host so far: each is a wait that a GPU would suffer.
  static long waits();
};

}  // namespace cf::emulator
