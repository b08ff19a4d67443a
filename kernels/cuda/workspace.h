// Memory that lives between the passes of a computation.
#pragma once

#include <cstddef>

#include "framework/core/allocator.h"
#include "framework/core/device_services.h"

namespace cf::cuda {

// `bytes` of uninitialised memory on `device`, aligned to 64. Work is queued in order on one stream, so that memory given back
// while kernels that use it are still queued goes only to work behind them.
class Workspace {
 public:
  Workspace(Device device, std::size_t bytes) : allocator_(allocator_for(device)), data_(allocator_.allocate(bytes)) {}
  ~Workspace() { allocator_.release(data_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  CachingAllocator& allocator_;
  void* data_;
};

}  // namespace cf::cuda
