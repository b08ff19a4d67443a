// One check for the status codes of every CUDA library.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "framework/core/check.h"

namespace cf::cuda {

// What the status codes of a library mean. Each library takes part by a specialisation in its own header.
template <class Status>
struct StatusWords;

template <>
struct StatusWords<cudaError_t> {
  static bool succeeded(cudaError_t status) { return status == cudaSuccess; }
  static std::string describe(cudaError_t status) {
    return fmt::format("{} ({})", cudaGetErrorString(status), cudaGetErrorName(status));
  }
};

template <class Status>
bool succeeded(Status status) {
  return StatusWords<Status>::succeeded(status);
}
template <class Status>
std::string describe(Status status) {
  return StatusWords<Status>::describe(status);
}

// Throws Error "<what>: <the library's words>" unless `status` is the library's success.
template <class Status>
void check_status(Status status, const char* what) {
  if (!succeeded(status)) [[unlikely]] {
    fail("{}: {}", what, describe(status));
  }
}

}  // namespace cf::cuda
