#include "kernels/devices.h"

#include <charconv>

#include "framework/core/check.h"
#include "framework/core/device_services.h"
#include "kernels/cuda/open.h"

namespace cf {
namespace {

// The index in "cuda" or "cuda:N"; -1 where the name is neither.
int cuda_index(std::string_view name) {
  constexpr std::string_view kCuda = "cuda";
  if (name == kCuda) return 0;
  if (!name.starts_with("cuda:")) return -1;
  const std::string_view digits = name.substr(kCuda.size() + 1);
  int index = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  return error == std::errc() && end == digits.data() + digits.size() ? index : -1;
}

// Installs the services of CUDA; what keeps them from working, or empty.
std::string open_cuda(int index) {
  if (!has_services(Device::Kind::cuda)) {
    if (std::string missing = cuda::open(); !missing.empty()) return missing;
  }
  const int count = services_of({Device::Kind::cuda, 0}).count();
  return index < count ? "" : fmt::format("there are {} CUDA devices, cuda:0 to cuda:{}", count, count - 1);
}

}  // namespace

FoundDevice find_device(std::string_view name) {
  if (name == "cpu") return {};
  const bool any = name == "auto";
  const int index = any ? 0 : cuda_index(name);
  check(index >= 0, "device '{}': expected auto, cpu, cuda or cuda:N", name);
  const std::string missing = open_cuda(index);
  if (missing.empty()) return {{Device::Kind::cuda, index}, ""};
  check(any, "device '{}': {}. With \"device\": \"cpu\" or \"auto\" it runs on the CPU", name, missing);
  return {{}, missing};
}

}  // namespace cf
