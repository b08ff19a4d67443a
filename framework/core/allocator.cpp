#include "framework/core/allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "framework/core/check.h"
#include "framework/core/sanitize.h"

namespace cf {
namespace {

// Small requests share segments of this size; larger ones are rounded up to it, so that freed pieces fit again.
constexpr std::size_t kSegment = std::size_t{8} << 20U;
// A free block is split only where what is left is worth keeping.
constexpr std::size_t kMinSplit = 4096;

std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

// Pages from the system, which go back to it at once: malloc keeps large pieces that were freed once, and memory that a scene's
// parts of one size left behind would lie idle while those of another size are computed.
class HostSource final : public RawSource {
 public:
  void* allocate(std::size_t bytes) override {
    void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return data == MAP_FAILED ? nullptr : data;
  }
  void release(void* data, std::size_t bytes) override { ::munmap(data, bytes); }
};

double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / 0x1p20; }

}  // namespace

std::unique_ptr<RawSource> make_host_source() { return std::make_unique<HostSource>(); }

// A piece of a segment; neighbours are linked so that free ones merge.
struct CachingAllocator::Block {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  Block* prev = nullptr;
  Block* next = nullptr;
  bool free = true;
};

bool CachingAllocator::BySize::operator()(const Block* a, const Block* b) const {
  return a->size != b->size ? a->size < b->size : a->data < b->data;
}

CachingAllocator::CachingAllocator(std::unique_ptr<RawSource> source)
    : source_(std::move(source)), host_memory_(source_->host_memory()) {}

CachingAllocator::~CachingAllocator() {
  trim();
  // What is still live belongs to objects that outlive the allocator; their memory is left to the process.
  for (const auto& [data, block] : live_) delete block;
  for (Block* block : free_) delete block;
}

void* CachingAllocator::allocate(std::size_t bytes) {
  const std::size_t size = round_up(std::max<std::size_t>(bytes, 1), kAlignment);
  const std::scoped_lock lock(mutex_);
  Block* block = take_free(size);
  if (block == nullptr) block = new_segment(size);
  if (block == nullptr) {
    trim_locked();
    block = new_segment(size);
  }
  if (block == nullptr) fail_exhausted(bytes);
  if (block->size - size >= kMinSplit) {
    auto* rest = new Block{block->data + size, block->size - size, block, block->next, true};
    if (rest->next != nullptr) rest->next->prev = rest;
    block->next = rest;
    block->size = size;
    free_.insert(rest);
  }
  block->free = false;
  live_.emplace(block->data, block);
  stats_.live_bytes += block->size;
  stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.live_bytes);
  if (host_memory_) {
    sanitize::show(block->data, block->size);
    if (poison_) std::memset(block->data, 0xff, block->size);
    sanitize::hide(block->data + bytes, block->size - bytes);
  }
  return block->data;
}

void CachingAllocator::fail_exhausted(std::size_t bytes) const {
  fail(
      "out of memory on {}: {:.1f} MiB asked for\n"
      "  live    {:10.1f} MiB\n"
      "  cached  {:10.1f} MiB in {} segments\n"
      "  peak    {:10.1f} MiB\n"
      "A smaller train.batch, or smaller tiles, need less",
      source_->name(), mebibytes(bytes), mebibytes(stats_.live_bytes), mebibytes(stats_.cached_bytes - stats_.live_bytes),
      stats_.segments, mebibytes(stats_.peak_bytes));
}

void CachingAllocator::release(void* data) {
  const std::scoped_lock lock(mutex_);
  const auto it = live_.find(data);
  check(it != live_.end(), "allocator: released memory that it did not hand out");
  Block* block = it->second;
  live_.erase(it);
  if (host_memory_) sanitize::hide(block->data, block->size);
  stats_.live_bytes -= block->size;
  block->free = true;
  const auto absorb_next = [](Block* b) {
    Block* gone = b->next;
    b->size += gone->size;
    b->next = gone->next;
    if (b->next != nullptr) b->next->prev = b;
    delete gone;
  };
  if (block->next != nullptr && block->next->free) {
    free_.erase(block->next);
    absorb_next(block);
  }
  if (block->prev != nullptr && block->prev->free) {
    block = block->prev;
    free_.erase(block);
    absorb_next(block);
  }
  free_.insert(block);
}

CachingAllocator::Block* CachingAllocator::take_free(std::size_t bytes) {
  Block key;
  key.size = bytes;
  const auto it = free_.lower_bound(&key);
  if (it == free_.end()) return nullptr;
  Block* block = *it;
  free_.erase(it);
  return block;
}

CachingAllocator::Block* CachingAllocator::new_segment(std::size_t bytes) {
  const std::size_t size = round_up(bytes, kSegment);
  void* data = source_->allocate(size);
  if (data == nullptr) return nullptr;
  stats_.cached_bytes += size;
  ++stats_.segments;
  if (host_memory_) sanitize::hide(data, size);
  return new Block{static_cast<std::uint8_t*>(data), size, nullptr, nullptr, true};
}

void CachingAllocator::trim() {
  const std::scoped_lock lock(mutex_);
  trim_locked();
}

void CachingAllocator::trim_locked() {
  for (auto it = free_.begin(); it != free_.end();) {
    Block* block = *it;
    if (block->prev == nullptr && block->next == nullptr) {
      if (host_memory_) sanitize::show(block->data, block->size);
      source_->release(block->data, block->size);
      stats_.cached_bytes -= block->size;
      --stats_.segments;
      it = free_.erase(it);
      delete block;
    } else {
      ++it;
    }
  }
}

AllocatorStats CachingAllocator::stats() const {
  const std::scoped_lock lock(mutex_);
  return stats_;
}

void CachingAllocator::reset_peak() {
  const std::scoped_lock lock(mutex_);
  stats_.peak_bytes = stats_.live_bytes;
}

void CachingAllocator::poison(bool on) {
  const std::scoped_lock lock(mutex_);
  poison_ = on;
}

CachingAllocator& cpu_allocator() {
  // Never destroyed: tensors in static storage may be released after any destructor of ours has run.
  static auto* allocator = new CachingAllocator(make_host_source());
  return *allocator;
}

}  // namespace cf
