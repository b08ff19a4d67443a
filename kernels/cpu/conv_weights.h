// Weights in the layouts that kernels read, kept between calls for as long as they do not change.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>

#include "kernels/cpu/float_buffer.h"

namespace cf::cpu {

enum class WeightLayout : std::uint8_t { direct, winograd, winograd_dgrad };

struct WeightKey {
  const float* plain;  // as the operator has it
  std::int64_t count;
  WeightLayout layout;
  auto operator<=>(const WeightKey&) const = default;
};

using PackedWeight = std::shared_ptr<const FloatBuffer>;

// `packed_count` floats that `pack` wrote from key.plain: now, or at an earlier call, if the weight has still the values that it
// had then. The values themselves are compared (a copy is kept), because an optimizer, a loaded checkpoint, an average or a
// pointer in a test may change them without a word; that costs less than packing them. Old ones leave when all together
// exceed 64 MB. Any number of threads may call this.
PackedWeight packed_weight(const WeightKey& key, std::int64_t packed_count, const std::function<void(float*)>& pack);

// What packed_weight keeps: bytes in all, copies included.
std::size_t packed_weight_bytes();

}  // namespace cf::cpu
