#include "kernels/cuda/cublaslt.h"

#include <array>

#include "kernels/cuda/context.h"
#include "kernels/cuda/shared_library.h"
#include "kernels/cuda/streams.h"

namespace cf::cuda {
namespace {

CublasLtApi load() {
  const SharedLibrary library(fmt::format("libcublasLt.so.{}", CUBLAS_VER_MAJOR),
                              fmt::format("Install cuBLAS of CUDA {} (Debian and Ubuntu: libcublas-{}-{}) where the loader finds "
                                          "it (ldconfig, LD_LIBRARY_PATH)",
                                          CUDART_VERSION / 1000, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10));
  CublasLtApi api{};
  library.find(api.status_name, "cublasLtGetStatusName");
  library.find(api.status_string, "cublasLtGetStatusString");
  library.find(api.create, "cublasLtCreate");
  library.find(api.matmul, "cublasLtMatmul");
  library.find(api.suggest, "cublasLtMatmulAlgoGetHeuristic");
  library.find(api.init_operation, "cublasLtMatmulDescInit_internal");
  library.find(api.set_operation, "cublasLtMatmulDescSetAttribute");
  library.find(api.init_layout, "cublasLtMatrixLayoutInit_internal");
  library.find(api.set_layout, "cublasLtMatrixLayoutSetAttribute");
  library.find(api.init_preference, "cublasLtMatmulPreferenceInit_internal");
  library.find(api.set_preference, "cublasLtMatmulPreferenceSetAttribute");
  return api;
}

}  // namespace

const CublasLtApi& cublaslt() {
  static const CublasLtApi api = load();
  return api;
}

cublasLtHandle_t cublaslt_handle() {
  static std::array<cublasLtHandle_t, kMostDevices> handles{};
  cublasLtHandle_t& handle = handles.at(static_cast<std::size_t>(current_device()));
  if (handle == nullptr) check_status(cublaslt().create(&handle), "starting cuBLASLt");
  return handle;
}

}  // namespace cf::cuda
