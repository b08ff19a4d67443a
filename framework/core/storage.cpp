#include "framework/core/storage.h"

#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "framework/core/sanitize.h"

namespace cf {

Storage::Storage(std::size_t bytes, Device device) : bytes_(bytes), device_(device), owner_(&allocator_for(device)) {
  data_ = owner_->allocate(bytes + sanitize::kGuard);
  if (device.is_cpu()) sanitize::hide(static_cast<const std::byte*>(data_) + bytes, sanitize::kGuard);
}

Storage::~Storage() { owner_->release(data_); }

}  // namespace cf
