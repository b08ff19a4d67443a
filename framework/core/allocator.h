// A caching allocator: memory comes in segments from a raw source, is cut to size and kept for reuse, so that a training
// loop after its first step asks the system for nothing. The source is injected, so the policy is tested without a GPU.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace cf {

// Where segments come from. `allocate` returns null where there is no more.
class RawSource {
 public:
  virtual ~RawSource() = default;
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* data, std::size_t bytes) = 0;
  // Whether the host may touch the memory.
  virtual bool host_memory() const { return true; }
  // For the message where there is no more: "the CPU", "cuda:0 (NVIDIA H200, 139 GiB)".
  virtual std::string name() const { return "the CPU"; }
};

// Aligned host memory.
std::unique_ptr<RawSource> make_host_source();

struct AllocatorStats {
  std::size_t live_bytes = 0;    // handed out now, as requested (rounded to the alignment)
  std::size_t peak_bytes = 0;    // the largest live_bytes since reset_peak
  std::size_t cached_bytes = 0;  // held from the source, live or free
  std::size_t segments = 0;
};

class CachingAllocator {
 public:
  static constexpr std::size_t kAlignment = 64;

  explicit CachingAllocator(std::unique_ptr<RawSource> source);
  ~CachingAllocator();
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;

  // At least `bytes` bytes, aligned to kAlignment. Releases the cache and tries again before it throws Error, with a table of
  // what is live, cached and was live at most.
  void* allocate(std::size_t bytes);
  void release(void* data);
  // Gives every wholly free segment back to the source.
  void trim();
  AllocatorStats stats() const;
  void reset_peak();
  // While on, memory is handed out filled with 0xff (NaN in f32 and f64), so that a test notices what reads memory that
  // nobody wrote. For sources of host memory.
  void poison(bool on);

 private:
  struct Block;
  struct BySize {
    bool operator()(const Block* a, const Block* b) const;
  };

  [[noreturn]] void fail_exhausted(std::size_t bytes) const;
  Block* take_free(std::size_t bytes);
  Block* new_segment(std::size_t bytes);
  void trim_locked();

  std::unique_ptr<RawSource> source_;
  mutable std::mutex mutex_;
  std::set<Block*, BySize> free_;
  std::unordered_map<void*, Block*> live_;
  AllocatorStats stats_;
  bool poison_ = false;
  bool host_memory_;
};

// The process-wide allocator of the CPU.
CachingAllocator& cpu_allocator();

}  // namespace cf
