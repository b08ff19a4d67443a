#include "data/presets.h"

#include <fmt/format.h>

#include "framework/core/check.h"

namespace cf {
namespace {

constexpr std::array<SensorPreset, 7> kPresets = {{
    {"wv3", "WorldView-3", 2047, 8, "wv3"},
    {"wv2", "WorldView-2", 2047, 8, "wv2"},
    {"qb", "QuickBird", 2047, 4, "qb"},
    {"gf2", "GaoFen-2", 1023, 4, "gf2"},
    {"ikonos", "IKONOS", 2047, 4, "ikonos"},
    {"ge1", "GeoEye-1", 2047, 4, "ge1"},
    {"landsat", "Landsat-7 ETM+", 255, 4, "landsat"},
}};

}  // namespace

std::string SensorPreset::file_name(Split split) const {
  switch (split) {
    case Split::train: return fmt::format("train_{}.h5", name);
    case Split::valid: return fmt::format("valid_{}.h5", name);
    case Split::test_reduced: return fmt::format("test_{}_multiExm1.h5", name);
    case Split::test_full: return fmt::format("test_{}_OrigScale_multiExm1.h5", name);
  }
  fail("presets: no such split");
}

std::span<const SensorPreset> sensor_presets() { return kPresets; }

const SensorPreset& sensor_preset(std::string_view name) {
  std::string known;
  for (const SensorPreset& preset : kPresets) {
    if (preset.name == name) return preset;
    known += (known.empty() ? "" : ", ") + std::string(preset.name);
  }
  fail("no sensor '{}'; known are {}", name, known);
}

std::array<std::int64_t, 3> rgb_bands(std::int64_t bands) {
  if (bands >= 8) return {4, 2, 1};
  if (bands >= 3) return {2, 1, 0};
  return {0, 0, 0};
}

double likely_scale(double largest) {
  for (const double scale : {255.0, 1023.0, 2047.0, 4095.0}) {
    if (largest <= scale) return scale;
  }
  return 65535;
}

}  // namespace cf
