// One check for the status codes of every CUDA library.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "framework/core/check.h"

namespace cf::cuda {

inline bool succeeded(cudaError_t status) { return status == cudaSuccess; }
inline std::string describe(cudaError_t status) {
  return fmt::format("{} ({})", cudaGetErrorString(status), cudaGetErrorName(status));
}

// Throws Error "<what>: <the library's words>" unless `status` is the library's success. A library takes part with its own
// succeeded() and describe() beside these.
template <class Status>
void check_status(Status status, const char* what) {
  if (!succeeded(status)) [[unlikely]] {
    fail("{}: {}", what, describe(status));
  }
}

}  // namespace cf::cuda
