// A piece of memory that tensors share by reference count.
#pragma once

#include <cstddef>
#include <memory>

#include "framework/core/device.h"

namespace cf {

class CachingAllocator;

class Storage {
 public:
  // Uninitialised memory from allocator_for(device). Throws Error where there is none left.
  Storage(std::size_t bytes, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
  Device device_;
  CachingAllocator* owner_;
};

using StoragePtr = std::shared_ptr<Storage>;

}  // namespace cf
