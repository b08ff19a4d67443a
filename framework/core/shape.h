// The extents of a tensor, outermost first. Images are (N, H, W, C).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace cf {

class Shape {
 public:
  static constexpr int kMaxRank = 6;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims);
  explicit Shape(std::span<const std::int64_t> dims);

  int rank() const { return rank_; }
  std::int64_t numel() const;
  // Extent `i`; negative counts from the end. Throws Error outside the rank.
  std::int64_t operator[](int i) const { return dims_[static_cast<std::size_t>(axis(i))]; }
  std::int64_t& operator[](int i) { return dims_[static_cast<std::size_t>(axis(i))]; }
  // `i` counted from the front, checked.
  int axis(int i) const {
    const int a = i < 0 ? i + rank_ : i;
    if (a < 0 || a >= rank_) [[unlikely]] {
      fail_axis(i);
    }
    return a;
  }
  std::span<const std::int64_t> dims() const { return {dims_.data(), static_cast<std::size_t>(rank_)}; }
  const std::int64_t* begin() const { return dims_.data(); }
  const std::int64_t* end() const { return dims_.data() + rank_; }
  bool operator==(const Shape& other) const;
  // "(2, 64, 64, 8)"
  std::string str() const;

 private:
  [[noreturn]] void fail_axis(int i) const;

  std::array<std::int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

// The shape that two operands broadcast to (aligned at the last dimension, extents equal or 1). Throws Error naming `op`.
Shape broadcast_shapes(const Shape& a, const Shape& b, const char* op);

}  // namespace cf
