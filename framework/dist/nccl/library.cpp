#include "framework/dist/nccl/library.h"

#include "kernels/cuda/shared_library.h"

namespace cf::cuda {
namespace {

NcclApi load() {
  const SharedLibrary library(
      fmt::format("libnccl.so.{}", NCCL_MAJOR),
      "Install NCCL 2 (Debian and Ubuntu: libnccl2; pip: nvidia-nccl) where the loader finds it (ldconfig, "
      "LD_LIBRARY_PATH)");
  NcclApi api{};
  library.find(api.version, "ncclGetVersion");
  library.find(api.error_string, "ncclGetErrorString");
  library.find(api.last_error, "ncclGetLastError");
  library.find(api.unique_id, "ncclGetUniqueId");
  library.find(api.open, "ncclCommInitRank");
  library.find(api.destroy, "ncclCommDestroy");
  library.find(api.async_error, "ncclCommGetAsyncError");
  library.find(api.all_reduce, "ncclAllReduce");
  library.find(api.broadcast, "ncclBroadcast");
  library.find(api.send, "ncclSend");
  library.find(api.receive, "ncclRecv");
  return api;
}

}  // namespace

const NcclApi& nccl() {
  static const NcclApi api = load();
  return api;
}

std::string StatusWords<ncclResult_t>::describe(ncclResult_t status) {
  int version = 0;
  nccl().version(&version);
  const char* account = nccl().last_error(nullptr);
  const bool told = account != nullptr && *account != '\0';
  return fmt::format("NCCL {}.{}: {}{}{}", version / 10000, version % 10000 / 100, nccl().error_string(status), told ? ": " : "",
                     told ? account : "");
}

}  // namespace cf::cuda
