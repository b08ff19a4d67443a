// NCCL's functions, loaded when the first group of GPUs is opened.
#pragma once

#include <nccl.h>

#include <string>

#include "kernels/cuda/status.h"

namespace cf::cuda {

struct NcclApi {
  decltype(&::ncclGetVersion) version;
  decltype(&::ncclGetErrorString) error_string;
  decltype(&::ncclGetLastError) last_error;
  decltype(&::ncclGetUniqueId) unique_id;
  decltype(&::ncclCommInitRank) open;
  decltype(&::ncclCommDestroy) destroy;
  decltype(&::ncclCommGetAsyncError) async_error;
  decltype(&::ncclAllReduce) all_reduce;
  decltype(&::ncclBroadcast) broadcast;
  decltype(&::ncclSend) send;
  decltype(&::ncclRecv) receive;
};

// Throws Error, saying what to install, where there is no NCCL.
const NcclApi& nccl();

template <>
struct StatusWords<ncclResult_t> {
  static bool succeeded(ncclResult_t status) { return status == ncclSuccess; }
  // With NCCL's own account of the last failure.
  static std::string describe(ncclResult_t status);
};

}  // namespace cf::cuda
