// Opening CUDA: the one function of the backend that the rest of the program calls by name.
#pragma once

#include <string>

namespace cf::cuda {

// Installs the services of the CUDA devices (framework/core/device_services.h). Returns what is missing instead where none can
// be used: no driver, a driver that is too old, no device, a library that does not load, or a build without CUDA.
std::string open();

}  // namespace cf::cuda
