// cuBLASLt: its functions, loaded when the first matrix product is asked for, and its handles.
#pragma once

#include <cublasLt.h>

#include "kernels/cuda/status.h"

namespace cf::cuda {

struct CublasLtApi {
  decltype(&::cublasLtGetStatusName) status_name;
  decltype(&::cublasLtGetStatusString) status_string;
  decltype(&::cublasLtCreate) create;
  decltype(&::cublasLtMatmul) matmul;
  decltype(&::cublasLtMatmulAlgoGetHeuristic) suggest;
  decltype(&::cublasLtMatmulDescInit_internal) init_operation;
  decltype(&::cublasLtMatmulDescSetAttribute) set_operation;
  decltype(&::cublasLtMatrixLayoutInit_internal) init_layout;
  decltype(&::cublasLtMatrixLayoutSetAttribute) set_layout;
  decltype(&::cublasLtMatmulPreferenceInit_internal) init_preference;
  decltype(&::cublasLtMatmulPreferenceSetAttribute) set_preference;
};

// Throws Error, saying what to install, where there is no cuBLASLt.
const CublasLtApi& cublaslt();

template <>
struct StatusWords<cublasStatus_t> {
  static bool succeeded(cublasStatus_t status) { return status == CUBLAS_STATUS_SUCCESS; }
  static std::string describe(cublasStatus_t status) {
    return fmt::format("cuBLASLt: {} ({})", cublaslt().status_string(status), cublaslt().status_name(status));
  }
};

// Of the current device.
cublasLtHandle_t cublaslt_handle();

}  // namespace cf::cuda
