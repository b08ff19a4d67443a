// Tables that kernels read, on the emulated device.
#include <doctest/doctest.h>

#ifdef CF_EMULATED
#include <cstring>
#include <memory>

#include "framework/core/allocator.h"
#include "framework/core/check.h"
#include "framework/core/device_services.h"
#include "kernels/cuda/constants.h"
#include "kernels/cuda/emulator/fake_gpu.h"

using namespace cf;
using cuda::device_constant;
using emulator::FakeGpu;

namespace {

constexpr Device kGpu{Device::Kind::cuda, 0};
constexpr Device kOther{Device::Kind::cuda, 1};

std::vector<std::int64_t> numbers(std::int64_t first) { return {first, first + 1, first + 2}; }

}  // namespace

TEST_CASE("a table is copied to a device once, and found by its content") {
  const FakeGpu gpu;
  const auto* there = device_constant(kGpu, numbers(500));
  CHECK(std::memcmp(there, numbers(500).data(), 3 * sizeof(std::int64_t)) == 0);
  CHECK(device_constant(kGpu, numbers(500)) == there);
  CHECK(device_constant(kGpu, numbers(501)) != there);
  CHECK(device_constant(kOther, numbers(500)) != there);
  CHECK(device_constant(Device{}, numbers(500)) != there);
  CHECK(device_constant(Device{}, numbers(500)) == device_constant(Device{}, numbers(500)));
  CHECK(device_constant(Device{}, numbers(500))[2] == 502);
  // The same beginning, another length.
  auto longer = numbers(500);
  longer.push_back(0);
  CHECK(device_constant(kGpu, longer) != there);
  CHECK(device_constant(kGpu, std::vector<float>{}) == nullptr);
}

TEST_CASE("a table outlives the pool in use when it was made") {
  const FakeGpu gpu;
  CachingAllocator pool(std::unique_ptr<RawSource>(services_of(kGpu).new_source(0)));
  const UseAllocator use(kGpu, pool);
  device_constant(kGpu, numbers(600));
  CHECK(pool.stats().live_bytes == 0);
}

TEST_CASE("while work is recorded a table must be there already") {
  const FakeGpu gpu;
  const DeviceServices& services = services_of(kGpu);
  const auto* there = device_constant(kGpu, numbers(700));
  services.record_begin(0);
  CHECK(device_constant(kGpu, numbers(700)) == there);
  CHECK_THROWS_WITH_AS(device_constant(kGpu, numbers(701)), doctest::Contains("once before recording"), Error);
  services.record_abandon(0);
  CHECK(device_constant(kGpu, numbers(701))[0] == 701);
}
#endif
