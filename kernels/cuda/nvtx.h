// NVTX: names of operators and steps on the time line of NVIDIA's profilers.
#pragma once

namespace cf::cuda {

// Hands every range (framework/core/profile.h) to NVTX from now on, where a profiler is attached or CF_NVTX=1 is set; elsewhere
// ranges stay as cheap as they are.
void install_nvtx();

}  // namespace cf::cuda
