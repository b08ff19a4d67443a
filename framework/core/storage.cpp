#include "framework/core/storage.h"

#include "framework/core/allocator.h"
#include "framework/core/check.h"
#include "framework/core/sanitize.h"

namespace cf {

Storage::Storage(std::size_t bytes, Device device) : bytes_(bytes), device_(device) {
  check(device.kind == Device::Kind::cpu, "storage: this build has no memory on {}", device.str());
  data_ = cpu_allocator().allocate(bytes + sanitize::kGuard);
  sanitize::hide(static_cast<const std::byte*>(data_) + bytes, sanitize::kGuard);
}

Storage::~Storage() { cpu_allocator().release(data_); }

}  // namespace cf
