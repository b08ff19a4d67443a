// The streams of a device: one for computation, one for copies beside it.
#pragma once

#include <cuda_runtime_api.h>

namespace cf::cuda {

constexpr int kMostDevices = 16;

struct Streams {
  cudaStream_t compute = nullptr;
  cudaStream_t beside = nullptr;
  cudaEvent_t fence = nullptr;   // computation queued when the copies began
  cudaEvent_t joined = nullptr;  // copies queued when the computation joined them
};

// Created on first use.
Streams& streams(int index);

}  // namespace cf::cuda
