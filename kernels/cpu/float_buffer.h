// Scratch memory of the CPU kernels.
#pragma once

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace cf::cpu {

// Zeroed floats on a cache line's boundary.
class FloatBuffer {
 public:
  explicit FloatBuffer(std::int64_t n)
      : data_(hwy::AllocateAligned<float>(static_cast<std::size_t>(std::max<std::int64_t>(n, 1)))), size_(n) {
    std::memset(data_.get(), 0, static_cast<std::size_t>(n) * sizeof(float));
  }
  float* data() const { return data_.get(); }
  std::int64_t size() const { return size_; }
  float& operator[](std::int64_t i) const { return data_[static_cast<std::size_t>(i)]; }

 private:
  hwy::AlignedFreeUniquePtr<float[]> data_;
  std::int64_t size_;
};

}  // namespace cf::cpu
