// The device that these tests run on.
#pragma once

#include "framework/core/device.h"

namespace cf::test {

constexpr Device kGpu{Device::Kind::cuda, 0};

}  // namespace cf::test
