#include "framework/io/raw_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "framework/io/named_tensors.h"

namespace cf {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read as they lie in files");

// IEEE 754 binary16: one sign bit, five of exponent, ten of mantissa.
float from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10U) & 0x1FU;
  const auto mantissa = static_cast<float>(bits & 0x3FFU);
  float magnitude = 0;
  if (exponent == 0) {
    magnitude = std::ldexp(mantissa, -24);
  } else if (exponent == 31) {
    magnitude = mantissa == 0 ? INFINITY : NAN;
  } else {
    magnitude = std::ldexp(mantissa + 1024, exponent - 25);
  }
  return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

// Reads n values of type From and converts each.
template <class From, class To, class Convert>
Tensor widened(std::int64_t count, const std::function<void(void*, std::size_t)>& fill, Convert&& convert_one) {
  std::vector<From> stored(static_cast<std::size_t>(count));
  fill(stored.data(), stored.size() * sizeof(From));
  Tensor t = Tensor::empty({count}, DTypeOf<To>::value);
  std::transform(stored.begin(), stored.end(), t.span<To>().begin(), convert_one);
  return t;
}

template <class From>
Tensor integers(std::int64_t count, const std::function<void(void*, std::size_t)>& fill) {
  return widened<From, std::int64_t>(count, fill, [](From v) { return std::int64_t{v}; });
}

}  // namespace

std::size_t size_of(RawType type) {
  switch (type) {
    case RawType::boolean:
    case RawType::i8:
    case RawType::u8: return 1;
    case RawType::f16:
    case RawType::bf16:
    case RawType::i16:
    case RawType::u16: return 2;
    case RawType::f32:
    case RawType::i32: return 4;
    case RawType::f64:
    case RawType::i64: return 8;
  }
  fail("unknown type of stored values {}", static_cast<int>(type));
}

DType dtype_of(RawType type) {
  switch (type) {
    case RawType::f16:
    case RawType::f32: return DType::f32;
    case RawType::bf16: return DType::bf16;
    case RawType::f64: return DType::f64;
    case RawType::boolean:
    case RawType::u8: return DType::u8;
    case RawType::u16: return DType::u16;
    case RawType::i8:
    case RawType::i16:
    case RawType::i32:
    case RawType::i64: return DType::i64;
  }
  fail("unknown type of stored values {}", static_cast<int>(type));
}

Tensor decode(RawType type, std::int64_t count, const std::function<void(void*, std::size_t)>& fill) {
  if (type == RawType::f16) return widened<std::uint16_t, float>(count, fill, from_half);
  if (type == RawType::i8) return integers<std::int8_t>(count, fill);
  if (type == RawType::i16) return integers<std::int16_t>(count, fill);
  if (type == RawType::i32) return integers<std::int32_t>(count, fill);
  const Tensor t = Tensor::empty({count}, dtype_of(type));
  fill(t.view().data, static_cast<std::size_t>(count) * size_of(type));
  return t;
}

bool Strided::contiguous() const {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

bool Strided::fits(std::int64_t count) const {
  if (strides.size() != shape.size() || offset < 0 || !checked_bytes(shape, DType::f64)) return false;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return offset <= count;
  std::int64_t last = offset;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    std::int64_t reach = 0;
    if (strides[i] < 0 || __builtin_mul_overflow(strides[i], shape[i] - 1, &reach)) return false;
    if (__builtin_add_overflow(last, reach, &last)) return false;
  }
  return last < count;
}

Tensor take(const Tensor& flat, const Strided& array) {
  const Shape shape{std::span<const std::int64_t>(array.shape)};
  const bool empty = shape.numel() == 0;
  if (empty) return Tensor::empty(shape, flat.dtype());
  if (array.contiguous()) return Tensor::window(flat.storage(), flat.storage_offset() + array.offset, shape, flat.dtype());
  Tensor out = Tensor::empty(shape, flat.dtype());
  const std::size_t size = size_of(flat.dtype());
  const auto* from = static_cast<const std::uint8_t*>(flat.cview().data);
  auto* to = static_cast<std::uint8_t*>(out.view().data);
  std::vector<std::int64_t> index(array.shape.size(), 0);
  std::int64_t at = array.offset;
  for (std::int64_t n = out.numel(); n > 0; --n, to += size) {
    std::memcpy(to, from + static_cast<std::size_t>(at) * size, size);
    // The next index, the last dimension fastest.
    for (std::size_t i = index.size(); i-- > 0;) {
      at += array.strides[i];
      if (++index[i] < array.shape[i]) break;
      at -= array.strides[i] * array.shape[i];
      index[i] = 0;
    }
  }
  return out;
}

}  // namespace cf
