#include "kernels/cuda/emulator/fake_gpu.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "framework/core/allocator.h"
#include "framework/core/check.h"
#include "framework/core/device_services.h"
#include "kernels/cuda/emulator/emulator.h"
#include "kernels/cuda/emulator/recording.h"

namespace cf::emulator {
namespace {

constexpr int kDevices = 2;

std::size_t device_memory = 0;
std::array<std::size_t, kDevices> taken{};
std::atomic<long> wait_count{0};
std::optional<std::vector<std::function<void()>>> kept;
int kept_on = 0;
// Built on first use and never destroyed, as tensors may outlive the guard.
std::array<CachingAllocator*, kDevices> allocators{};

class FakeSource final : public RawSource {
 public:
  explicit FakeSource(int index) : index_(static_cast<std::size_t>(index)) {}
  void* allocate(std::size_t bytes) override {
    if (taken[index_] + bytes > device_memory) return nullptr;
    void* data = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (data != nullptr) taken[index_] += bytes;
    return data;
  }
  void release(void* data, std::size_t bytes) override {
    taken[index_] -= bytes;
    std::free(data);
  }
  std::string name() const override { return "cuda:" + std::to_string(index_) + " (emulated)"; }

 private:
  std::size_t index_;
};

class FakeRecording final : public RecordedWork {
 public:
  explicit FakeRecording(std::vector<std::function<void()>> work) : work_(std::move(work)) {}
  void launch() override {
    check(!recording_is_on(), "recorded work: started while recording");
    for (const auto& piece : work_) piece();
  }
  std::size_t size() const override { return work_.size(); }

 private:
  std::vector<std::function<void()>> work_;
};

void not_while_recording(const char* what) {
  check(!recording_is_on(), "{}: the host waits for the device, which cannot be recorded", what);
}

void copy_in(int, void* to, const void* host, std::size_t bytes) {
  not_while_recording("copy to the device");
  std::memcpy(to, host, bytes);
}

void copy_out(int, void* host, const void* from, std::size_t bytes) {
  not_while_recording("copy from the device");
  ++wait_count;
  std::memcpy(host, from, bytes);
}

void copy_queued(int, void* to, const void* from, std::size_t bytes) {
  enqueue([=] { std::memcpy(to, from, bytes); });
}

void* pinned_allocate(std::size_t bytes) {
  void* data = std::malloc(bytes);
  check(data != nullptr, "out of memory: {} bytes of host memory asked for", bytes);
  return data;
}

const DeviceServices kServices = {
    .count = [] { return kDevices; },
    .use = [](int) {},
    .describe = [](int) { return std::string("emulated GPU"); },
    .allocator = [](int index) -> CachingAllocator& {
      auto& allocator = allocators.at(static_cast<std::size_t>(index));
      if (allocator == nullptr) allocator = new CachingAllocator(std::make_unique<FakeSource>(index));
      return *allocator;
    },
    .new_source = [](int index) -> RawSource* { return new FakeSource(index); },
    .free_bytes = [](int index) { return device_memory - std::min(device_memory, taken.at(static_cast<std::size_t>(index))); },
    .copy_in = copy_in,
    .copy_out = copy_out,
    .copy = copy_queued,
    .zero = [](int, void* to, std::size_t bytes) { enqueue([=] { std::memset(to, 0, bytes); }); },
    .synchronize = [](int) { not_while_recording("synchronize"); },
    .pinned_allocate = pinned_allocate,
    .pinned_release = [](void* host) { std::free(host); },
    .fence_beside = [](int) {},
    .copy_beside = copy_in,
    .join_beside = [](int) {},
    .wait_beside = [](int) { not_while_recording("copies beside"); },
    .record_begin =
        [](int index) {
          recording_begin();
          kept_on = index;
        },
    .record_end = [](int) -> RecordedWork* { return new FakeRecording(recording_end()); },
    .record_abandon = [](int) { kept.reset(); },
    .recording = [](int index) { return recording_is_on() && kept_on == index; },
};

}  // namespace

FakeGpu::FakeGpu(std::size_t memory) {
  check(!has_services(Device::Kind::cuda), "fake GPU: there is one already");
  device_memory = memory;
  install_services(Device::Kind::cuda, &kServices);
}

FakeGpu::~FakeGpu() {
  kept.reset();
  for (CachingAllocator* allocator : allocators) {
    if (allocator != nullptr) allocator->trim();
  }
  install_services(Device::Kind::cuda, nullptr);
}

long FakeGpu::waits() { return wait_count; }

bool recording_is_on() { return kept.has_value(); }
void keep(std::function<void()> work) { kept->push_back(std::move(work)); }
void recording_begin() {
  check(!kept.has_value(), "recorded work: a recording is on already");
  kept.emplace();
}
std::vector<std::function<void()>> recording_end() {
  check(kept.has_value(), "recorded work: no recording is on");
  auto work = std::move(*kept);
  kept.reset();
  return work;
}

}  // namespace cf::emulator
