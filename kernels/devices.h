// Finding a device by its name in a configuration.
#pragma once

#include <string>
#include <string_view>

#include "framework/core/device.h"

namespace cf {

struct FoundDevice {
  Device device;
  std::string why;  // for "auto": why the CPU was taken; else empty
};

// "cpu"; "cuda" (the first), "cuda:N"; "auto": the first CUDA device where one works, else the CPU. Opens the device. Throws
// Error on any other name, and where CUDA is asked for and cannot be had: the message says what is missing and how to go on.
FoundDevice find_device(std::string_view name);

}  // namespace cf
