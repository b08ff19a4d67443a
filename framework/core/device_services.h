// What the runtime asks of a kind of device besides kernels: memory, copies, waiting, recorded work.
//
// Work on a device other than the CPU is queued in order on one stream per device and done later; the host waits only where
// a function below says so. The CPU's services do everything at once. A backend installs its services when a device of its
// kind is first asked for (kernels/devices.h); the core knows no driver.
#pragma once

#include <cstddef>
#include <string>

#include "framework/core/device.h"

namespace cf {

class CachingAllocator;
class RawSource;

// Recorded work that can be queued again as one piece (a CUDA graph).
class RecordedWork {
 public:
  virtual ~RecordedWork() = default;
  virtual void launch() = 0;
  virtual std::size_t size() const = 0;  // pieces of work in it
};

// Memory arguments are addresses of the device unless called `host`.
struct DeviceServices {
  int (*count)();
  // Makes device `index` the calling thread's, for the kernels that it calls next.
  void (*use)(int index);
  // For messages and reports: "NVIDIA H200, 139 GiB, driver 13.0".
  std::string (*describe)(int index);
  CachingAllocator& (*allocator)(int index);
  // A further source of the same memory, for an allocator of one's own.
  RawSource* (*new_source)(int index);
  // Bytes that a source could still give out.
  std::size_t (*free_bytes)(int index);

  // Returns when `host` may be changed again.
  void (*copy_in)(int index, void* to, const void* host, std::size_t bytes);
  // Waits for queued work, then copies.
  void (*copy_out)(int index, void* host, const void* from, std::size_t bytes);
  // Queued.
  void (*copy)(int index, void* to, const void* from, std::size_t bytes);
  void (*zero)(int index, void* to, std::size_t bytes);
  // Waits for all queued work; throws Error where some of it failed.
  void (*synchronize)(int index);

  // Host memory that the device reaches by itself.
  void* (*pinned_allocate)(std::size_t bytes);
  void (*pinned_release)(void* host);

  // A second queue for copies into the device beside the computation. `copy_beside` is queued there, behind the computation
  // that was queued before `fence_beside(index)`; after `join_beside` further computation waits for these copies.
  void (*fence_beside)(int index);
  void (*copy_beside)(int index, void* to, const void* host, std::size_t bytes);
  void (*join_beside)(int index);
  // Returns when the copies queued beside are done, so that their host memory may be changed.
  void (*wait_beside)(int index);

  // Work queued between begin and end is not done but recorded. Waiting and host copies in between are errors.
  void (*record_begin)(int index);
  RecordedWork* (*record_end)(int index);
  // Ends a recording that failed, without a result.
  void (*record_abandon)(int index);
  bool (*recording)(int index);
};

// Throws Error where the device's kind has none installed.
const DeviceServices& services_of(Device device);
// Null: takes them away.
void install_services(Device::Kind kind, const DeviceServices* services);
bool has_services(Device::Kind kind);

// The allocator that new memory on `device` comes from: the device's own, or the one of a living UseAllocator.
CachingAllocator& allocator_for(Device device);

// While alive, memory that this thread asks for on `device` comes from `pool`, which must outlive that memory.
class UseAllocator {
 public:
  UseAllocator(Device device, CachingAllocator& pool);
  ~UseAllocator();
  UseAllocator(const UseAllocator&) = delete;
  UseAllocator& operator=(const UseAllocator&) = delete;

 private:
  Device device_before_;
  CachingAllocator* pool_before_;
};

// Copies `bytes` between two places on any devices; queued only where both lie on one device.
void copy_bytes(Device to_device, void* to, Device from_device, const void* from, std::size_t bytes);

}  // namespace cf
