// The current device of a thread, its streams, and what surrounds every kernel launch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "kernels/cuda/status.h"

namespace cf::cuda {

// Makes device `index` the calling thread's.
void use_device(int index);
int current_device();
// Where the current device's work is queued.
cudaStream_t stream();
// Whether CF_SYNC=1 asks for a wait behind every launch, so that a fault is reported where it happened.
bool synchronous();

// One launch of a kernel.
class LaunchScope {
 public:
  // Allows the kernel as much dynamic shared memory as it asks for.
  LaunchScope(const char* name, const void* kernel, std::size_t shared_bytes);
  cudaStream_t stream() const { return stream_; }
  // Throws Error naming the kernel where the launch failed.
  void check() const;

 private:
  const char* name_;
  cudaStream_t stream_;
};

}  // namespace cf::cuda
