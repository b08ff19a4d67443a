#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "data/raster/raster.h"
#include "framework/core/check.h"

namespace cf {
namespace {

struct TypeFacts {
  SampleType type;
  std::string_view name;
  std::string_view gdal;
  bool integer;
  SampleRange range;
};

template <class T>
constexpr SampleRange limits() {
  return {static_cast<double>(std::numeric_limits<T>::lowest()), static_cast<double>(std::numeric_limits<T>::max())};
}

constexpr std::array<TypeFacts, 10> kTypes = {{{SampleType::u8, "u8", "Byte", true, limits<std::uint8_t>()},
                                               {SampleType::i8, "i8", "Int8", true, limits<std::int8_t>()},
                                               {SampleType::u16, "u16", "UInt16", true, limits<std::uint16_t>()},
                                               {SampleType::i16, "i16", "Int16", true, limits<std::int16_t>()},
                                               {SampleType::u32, "u32", "UInt32", true, limits<std::uint32_t>()},
                                               {SampleType::i32, "i32", "Int32", true, limits<std::int32_t>()},
                                               {SampleType::u64, "u64", "UInt64", true, limits<std::uint64_t>()},
                                               {SampleType::i64, "i64", "Int64", true, limits<std::int64_t>()},
                                               {SampleType::f32, "f32", "Float32", false, limits<float>()},
                                               {SampleType::f64, "f64", "Float64", false, limits<double>()}}};

const TypeFacts& facts_of(SampleType type) { return kTypes.at(static_cast<std::size_t>(type)); }

}  // namespace

std::string_view name_of(SampleType type) { return facts_of(type).name; }

std::string_view gdal_name_of(SampleType type) { return facts_of(type).gdal; }

std::optional<SampleType> sample_type(std::string_view name) {
  for (const TypeFacts& facts : kTypes) {
    if (name == facts.name || name == facts.gdal) return facts.type;
  }
  return std::nullopt;
}

bool is_integer(SampleType type) { return facts_of(type).integer; }

SampleRange range_of(SampleType type) { return facts_of(type).range; }

SampleRange range_of(const RasterInfo& info) {
  const SampleRange all = range_of(info.type);
  if (info.significant_bits <= 0 || !is_integer(info.type) || all.lowest < 0) return all;
  return {0, std::min(all.highest, std::ldexp(1.0, info.significant_bits) - 1)};
}

bool holds(SampleType type, double value) {
  if (!is_integer(type)) {
    // A nodata value in f32 is often written with fewer digits than it has; what counts is that f32 can come near it.
    return type == SampleType::f64 || !std::isfinite(value) || std::isfinite(as_sample(value));
  }
  const SampleRange range = range_of(type);
  if (std::isnan(value) || value != std::floor(value) || value < range.lowest) return false;
  // As doubles the largest 64-bit integers are rounded up, to a number that they do not reach.
  const bool wide = type == SampleType::u64 || type == SampleType::i64;
  return wide ? value < range.highest : value <= range.highest;
}

float as_sample(double value) {
  constexpr double kLargest = static_cast<double>(std::numeric_limits<float>::max());
  if (value > kLargest) return std::numeric_limits<float>::infinity();
  if (value < -kLargest) return -std::numeric_limits<float>::infinity();
  return static_cast<float>(value);
}

}  // namespace cf
