// In a build without NCCL, or without CUDA.
#include "framework/core/check.h"
#include "framework/dist/groups.h"

namespace cf {

std::string nccl_missing() {
  return "this program was built without NCCL: build it with -DCF_CUDA=ON where the CUDA toolkit and NCCL (libnccl-dev) are";
}

std::unique_ptr<ProcessGroup> nccl_group(ProcessGroup& /*hosts*/, Device device) {
  fail("ranks on {}: {}", device.str(), nccl_missing());
}

}  // namespace cf
