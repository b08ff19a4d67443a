// No kernels: host code that both kinds of build need.
#include "kernels/cuda/constants.h"

#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "framework/core/allocator.h"
#include "framework/core/check.h"
#include "framework/core/device_services.h"

namespace cf::cuda {
namespace {

using Bytes = std::vector<std::byte>;

struct Less {
  using is_transparent = void;
  bool operator()(std::span<const std::byte> a, std::span<const std::byte> b) const {
    return a.size() != b.size() ? a.size() < b.size() : std::memcmp(a.data(), b.data(), a.size()) < 0;
  }
};

// From a table's content to its place on one device.
using Tables = std::map<Bytes, const void*, Less>;

// Memory of the device's own allocator: that of a UseAllocator may end before the table does.
const void* upload(Device device, std::span<const std::byte> bytes) {
  const DeviceServices& services = services_of(device);
  check(!services.recording(device.index),
        "{}: a table of {} bytes that a kernel needs is not on the device yet and cannot be copied while work is being recorded; "
        "run the same step once before recording it",
        device.str(), bytes.size());
  void* const place = services.allocator(device.index).allocate(bytes.size());
  services.copy_in(device.index, place, bytes.data(), bytes.size());
  return place;
}

}  // namespace

const void* device_constant_bytes(Device device, std::span<const std::byte> bytes) {
  if (bytes.empty()) return nullptr;
  static std::mutex mutex;
  static auto& all = *new std::map<int, Tables>;  // per device; never destroyed, as kernels may run until the process ends
  const std::scoped_lock lock(mutex);
  Tables& tables = all[device.is_cpu() ? -1 : device.index];
  const auto found = tables.find(bytes);
  if (found != tables.end()) return found->second;
  if (!device.is_cpu()) return tables.emplace(Bytes(bytes.begin(), bytes.end()), upload(device, bytes)).first->second;
  // The emulator reads host memory: the key itself.
  const auto made = tables.emplace(Bytes(bytes.begin(), bytes.end()), nullptr).first;
  return made->second = made->first.data();
}

}  // namespace cf::cuda
