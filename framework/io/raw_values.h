// Values as other programs store them: element types that tensors lack, any order in memory. Little-endian.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

enum class RawType : std::uint8_t { f16, bf16, f32, f64, boolean, i8, u8, i16, u16, i32, i64 };

std::size_t size_of(RawType type);
// What a tensor holds such values as: f16 as f32, truth values as u8, signed integers as i64, others as they are.
DType dtype_of(RawType type);

// `count` values as a flat tensor. fill(bytes, n) is called once and writes the n = count * size_of(type) bytes as stored.
// The caller has made sure that there are that many.
Tensor decode(RawType type, std::int64_t count, const std::function<void(void* bytes, std::size_t n)>& fill);

// The elements of a strided array in a flat tensor.
struct Strided {
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // in elements, one per extent

  // Whether the elements stand in a row, in order.
  bool contiguous() const;
  // Whether the first and last element lie within `count` elements and nothing overflows.
  bool fits(std::int64_t count) const;
};

// A view of flat's memory where the elements are contiguous, a copy otherwise. `array` fits (see above), in as many dimensions
// as a Shape has.
Tensor take(const Tensor& flat, const Strided& array);

}  // namespace cf
