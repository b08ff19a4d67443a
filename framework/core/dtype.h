// Element types. f32 computes by default; f64 checks gradients; bf16 is storage; the integers are data.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "framework/core/check.h"
#include "framework/core/host_device.h"

namespace cf {

enum class DType : std::uint8_t { f32, f64, bf16, i64, u8, u16 };

// The upper half of an f32, rounded to nearest even.
struct bf16 {
  std::uint16_t bits;

  bf16() = default;
  CF_HOST_DEVICE explicit constexpr bf16(float value) : bits(rounded(std::bit_cast<std::uint32_t>(value))) {}
  CF_HOST_DEVICE explicit constexpr operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
  }

 private:
  CF_HOST_DEVICE static constexpr std::uint16_t rounded(std::uint32_t u) {
    const bool nan = (u & 0x7fffffffU) > 0x7f800000U;
    return static_cast<std::uint16_t>(nan ? (u >> 16U) | 0x40U : (u + 0x7fffU + ((u >> 16U) & 1U)) >> 16U);
  }
};

constexpr std::size_t size_of(DType t) {
  switch (t) {
    case DType::f32: return 4;
    case DType::f64: return 8;
    case DType::bf16: return 2;
    case DType::i64: return 8;
    case DType::u8: return 1;
    case DType::u16: return 2;
  }
  return 0;
}

constexpr std::string_view name_of(DType t) {
  switch (t) {
    case DType::f32: return "f32";
    case DType::f64: return "f64";
    case DType::bf16: return "bf16";
    case DType::i64: return "i64";
    case DType::u8: return "u8";
    case DType::u16: return "u16";
  }
  return "?";
}

// The DType that stores a C++ type.
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct DTypeOf<bf16> {
  static constexpr DType value = DType::bf16;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::u8;
};
template <>
struct DTypeOf<std::uint16_t> {
  static constexpr DType value = DType::u16;
};

// Converts between any two element types by way of double: to integers rounded to nearest and saturated, NaN to 0.
template <class To, class From>
CF_HOST_DEVICE To convert(From value) {
  double d = 0;
  if constexpr (std::is_same_v<From, bf16>) {
    d = static_cast<double>(static_cast<float>(value));
  } else {
    d = static_cast<double>(value);
  }
  if constexpr (std::is_same_v<To, bf16>) {
    return bf16(static_cast<float>(d));
  } else if constexpr (std::is_integral_v<To>) {
    using std::round;
    if (d != d) return 0;
    const double r = round(d);
    if (r <= static_cast<double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    if (r >= static_cast<double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    return static_cast<To>(r);
  } else {
    return static_cast<To>(d);
  }
}

// Calls fn with a value of the C++ type that `t` stores.
template <class F>
decltype(auto) dispatch_any(DType t, F&& fn) {
  switch (t) {
    case DType::f32: return fn(float{});
    case DType::f64: return fn(double{});
    case DType::bf16: return fn(bf16{});
    case DType::i64: return fn(std::int64_t{});
    case DType::u8: return fn(std::uint8_t{});
    case DType::u16: return fn(std::uint16_t{});
  }
  fail("tensor: unknown dtype {}", static_cast<int>(t));
}

// Calls fn(float{}) or fn(double{}); any other type is an error that names `op`.
template <class F>
decltype(auto) dispatch_float(DType t, std::string_view op, F&& fn) {
  if (t == DType::f32) return fn(float{});
  if (t == DType::f64) return fn(double{});
  fail("{}: computes in f32 or f64, got {}", op, name_of(t));
}

}  // namespace cf
