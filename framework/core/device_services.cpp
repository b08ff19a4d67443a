#include "framework/core/device_services.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "framework/core/allocator.h"
#include "framework/core/check.h"

namespace cf {
namespace {

thread_local Device pool_device;
thread_local CachingAllocator* pool = nullptr;

void copy_now(int, void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

void* host_allocate(std::size_t bytes) {
  void* data = std::malloc(bytes);
  check(data != nullptr, "out of memory: {} bytes of host memory asked for", bytes);
  return data;
}

[[noreturn]] void cannot_record() { fail("recording of work: the CPU does it at once; captured steps need a GPU"); }

const DeviceServices kCpu = {
    .count = [] { return 1; },
    .use = [](int) {},
    .describe = [](int) { return "CPU, " + std::to_string(std::thread::hardware_concurrency()) + " threads"; },
    .allocator = [](int) -> CachingAllocator& { return cpu_allocator(); },
    .new_source = [](int) { return make_host_source().release(); },
    .free_bytes =
        [](int) { return static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); },
    .copy_in = copy_now,
    .copy_out = copy_now,
    .copy = copy_now,
    .zero = [](int, void* to, std::size_t bytes) { std::memset(to, 0, bytes); },
    .synchronize = [](int) {},
    .pinned_allocate = host_allocate,
    .pinned_release = [](void* host) { std::free(host); },
    .fence_beside = [](int) {},
    .copy_beside = copy_now,
    .join_beside = [](int) {},
    .wait_beside = [](int) {},
    .record_begin = [](int) { cannot_record(); },
    .record_end = [](int) -> RecordedWork* { cannot_record(); },
    .record_abandon = [](int) {},
    .recording = [](int) { return false; },
};

std::array<const DeviceServices*, 2> installed = {&kCpu, nullptr};

std::size_t index_of(Device::Kind kind) { return static_cast<std::size_t>(kind); }

}  // namespace

const DeviceServices& services_of(Device device) {
  const DeviceServices* services = installed[index_of(device.kind)];
  check(services != nullptr, "{}: no such device has been opened", device.str());
  return *services;
}

void install_services(Device::Kind kind, const DeviceServices* services) {
  check(kind != Device::Kind::cpu, "devices: the CPU's services are fixed");
  installed[index_of(kind)] = services;
}

bool has_services(Device::Kind kind) { return installed[index_of(kind)] != nullptr; }

CachingAllocator& allocator_for(Device device) {
  if (pool != nullptr && pool_device == device) return *pool;
  return services_of(device).allocator(device.index);
}

UseAllocator::UseAllocator(Device device, CachingAllocator& allocator) : device_before_(pool_device), pool_before_(pool) {
  pool_device = device;
  pool = &allocator;
}

UseAllocator::~UseAllocator() {
  pool_device = device_before_;
  pool = pool_before_;
}

void copy_bytes(Device to_device, void* to, Device from_device, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  if (to_device.is_cpu()) {
    services_of(from_device).copy_out(from_device.index, to, from, bytes);
  } else if (from_device.is_cpu()) {
    services_of(to_device).copy_in(to_device.index, to, from, bytes);
  } else if (to_device == from_device) {
    services_of(to_device).copy(to_device.index, to, from, bytes);
  } else {
    std::vector<std::byte> between(bytes);
    services_of(from_device).copy_out(from_device.index, between.data(), from, bytes);
    services_of(to_device).copy_in(to_device.index, to, between.data(), bytes);
  }
}

}  // namespace cf
