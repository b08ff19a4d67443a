#include "data/raster/stored.h"

#include <algorithm>
#include <cstring>

namespace cf {

std::vector<std::byte> to_stored(SampleType type, std::span<const float> samples) {
  return with_stored(type, [&](auto kind) {
    using T = decltype(kind);
    std::vector<std::byte> stored(samples.size() * sizeof(T));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto value = static_cast<T>(samples[i]);
      std::memcpy(stored.data() + i * sizeof(T), &value, sizeof(T));
    }
    return stored;
  });
}

std::vector<float> from_stored(SampleType type, std::span<const std::byte> stored) {
  return with_stored(type, [&](auto kind) {
    using T = decltype(kind);
    std::vector<float> samples(stored.size() / sizeof(T));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      T value{};
      std::memcpy(&value, stored.data() + i * sizeof(T), sizeof(T));
      samples[i] = static_cast<float>(value);
    }
    return samples;
  });
}

}  // namespace cf
