// Samples as they are stored, which is how they travel from whoever computed them to files: nothing is widened and narrowed on
// the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/raster/raster.h"

namespace cf {

// Calls fn(T()) for the type that samples of this type travel as: themselves where they are u8, i8, u16 or i16, else f32.
template <class F>
decltype(auto) with_stored(SampleType type, F&& fn) {
  switch (type) {
    case SampleType::u8: return fn(std::uint8_t{});
    case SampleType::i8: return fn(std::int8_t{});
    case SampleType::u16: return fn(std::uint16_t{});
    case SampleType::i16: return fn(std::int16_t{});
    default: return fn(float{});
  }
}

// Of one sample.
inline std::int64_t stored_bytes(SampleType type) {
  return with_stored(type, [](auto value) { return static_cast<std::int64_t>(sizeof(value)); });
}

// Values that the type holds.
std::vector<std::byte> to_stored(SampleType type, std::span<const float> samples);
std::vector<float> from_stored(SampleType type, std::span<const std::byte> stored);

}  // namespace cf
