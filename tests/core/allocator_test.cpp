#include "framework/core/allocator.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "framework/core/check.h"
#include "framework/core/sanitize.h"
#include "framework/core/storage.h"

using namespace cf;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::size_t kSegment = 8 * kMiB;  // what the allocator asks the source for at least

struct SourceLog {
  std::size_t capacity = SIZE_MAX;
  std::size_t held = 0;
  int allocations = 0;
  int releases = 0;
};

// Memory of limited size that counts what is asked of it.
class FakeSource final : public RawSource {
 public:
  explicit FakeSource(SourceLog& log) : log_(log) {}
  void* allocate(std::size_t bytes) override {
    ++log_.allocations;
    if (log_.held + bytes > log_.capacity) return nullptr;
    log_.held += bytes;
    return std::aligned_alloc(CachingAllocator::kAlignment, bytes);
  }
  void release(void* data, std::size_t bytes) override {
    ++log_.releases;
    log_.held -= bytes;
    std::free(data);
  }

 private:
  SourceLog& log_;
};

struct Fixture {
  SourceLog log;
  CachingAllocator allocator{std::make_unique<FakeSource>(log)};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "released memory is used again without asking the source") {
  void* first = allocator.allocate(100);
  allocator.release(first);
  CHECK(allocator.allocate(90) == first);
  CHECK(log.allocations == 1);
  allocator.release(first);
}

TEST_CASE_FIXTURE(Fixture, "memory is aligned and pieces do not overlap") {
  auto* a = static_cast<std::uint8_t*>(allocator.allocate(1));
  auto* b = static_cast<std::uint8_t*>(allocator.allocate(65));
  auto* c = static_cast<std::uint8_t*>(allocator.allocate(0));
  for (const auto* p : {a, b, c}) CHECK(reinterpret_cast<std::uintptr_t>(p) % CachingAllocator::kAlignment == 0);
  CHECK(b - a >= 64);
  CHECK(c - b >= 128);
  CHECK(log.allocations == 1);
  for (auto* p : {a, b, c}) allocator.release(p);
}

TEST_CASE_FIXTURE(Fixture, "neighbours merge in any order of release") {
  for (const auto& order : std::vector<std::array<std::size_t, 3>>{{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 2, 0}}) {
    std::array<void*, 3> pieces{};
    for (void*& p : pieces) p = allocator.allocate(2 * kMiB);
    for (const std::size_t i : order) allocator.release(pieces[i]);
    void* whole = allocator.allocate(kSegment);
    CHECK(log.allocations == 1);
    allocator.release(whole);
  }
}

TEST_CASE_FIXTURE(Fixture, "trim gives back what is wholly free and nothing else") {
  void* small = allocator.allocate(64);
  void* large = allocator.allocate(3 * kSegment);
  allocator.release(large);
  allocator.trim();
  CHECK(log.releases == 1);
  CHECK(log.held == kSegment);
  CHECK(allocator.stats().segments == 1);
  allocator.release(small);
  allocator.trim();
  CHECK(log.held == 0);
  CHECK(allocator.stats().cached_bytes == 0);
}

TEST_CASE_FIXTURE(Fixture, "where the source is exhausted the cache is released and asked again") {
  log.capacity = 2 * kSegment;
  void* a = allocator.allocate(kSegment);
  void* b = allocator.allocate(kSegment);
  allocator.release(a);
  allocator.release(b);
  void* both = allocator.allocate(2 * kSegment);  // fits only once the two segments are gone
  CHECK(log.releases == 2);
  CHECK_THROWS_WITH_AS(allocator.allocate(64), doctest::Contains("out of memory"), Error);
  CHECK(allocator.stats().live_bytes == 2 * kSegment);
  allocator.release(both);
  allocator.release(allocator.allocate(64));  // an error leaves it usable
}

TEST_CASE_FIXTURE(Fixture, "live bytes return to where they were, the peak stays until reset") {
  void* a = allocator.allocate(1000);
  CHECK(allocator.stats().live_bytes == 1024);
  void* b = allocator.allocate(64);
  allocator.release(a);
  CHECK(allocator.stats().live_bytes == 64);
  CHECK(allocator.stats().peak_bytes == 1088);
  allocator.reset_peak();
  CHECK(allocator.stats().peak_bytes == 64);
  allocator.release(b);
  CHECK(allocator.stats().live_bytes == 0);
  CHECK(allocator.stats().cached_bytes == kSegment);
}

TEST_CASE_FIXTURE(Fixture, "memory that is not its own is refused, twice released memory too") {
  int other = 0;
  CHECK_THROWS_AS(allocator.release(&other), Error);
  void* a = allocator.allocate(64);
  allocator.release(a);
  CHECK_THROWS_AS(allocator.release(a), Error);
}

TEST_CASE_FIXTURE(Fixture, "poisoned memory is filled") {
  allocator.poison(true);
  auto* a = static_cast<std::uint8_t*>(allocator.allocate(200));
  CHECK(a[0] == 0xff);
  CHECK(a[199] == 0xff);
  allocator.release(a);
}

#ifdef CF_SANITIZE
TEST_CASE("AddressSanitizer sees the end of a tensor's memory, and its release") {
  auto storage = std::make_unique<Storage>(40, Device{});
  const auto* data = static_cast<const std::uint8_t*>(storage->data());
  CHECK_FALSE(sanitize::hidden(data + 39));
  CHECK(sanitize::hidden(data + 40));
  storage.reset();
  CHECK(sanitize::hidden(data));
}
#endif
