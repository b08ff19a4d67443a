#include "data/presets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/check.h"

namespace cf {
namespace {

constexpr double kNearby = 30;  // nm

// `count` centres from `first` to `last` nm at equal distances.
std::vector<double> evenly(double first, double last, int count) {
  std::vector<double> centres;
  for (int b = 0; b < count; ++b) centres.push_back(first + (last - first) * b / (count - 1));
  return centres;
}

// Hyperion's bands that are left in the Botswana image, by their numbers from 1: one spectrometer holds 1 to 70 and the other 71
// to 242, each evenly spaced.
std::vector<double> botswana_wavelengths() {
  constexpr std::array<std::array<int, 2>, 5> kKept = {{{10, 55}, {82, 97}, {102, 119}, {134, 164}, {187, 220}}};
  const auto visible = evenly(355.59, 1057.68, 70);
  const auto infrared = evenly(851.92, 2577.08, 172);
  std::vector<double> centres;
  for (const auto& [first, last] : kKept) {
    for (int band = first; band <= last; ++band) {
      centres.push_back(band <= 70 ? visible[static_cast<std::size_t>(band - 1)] : infrared[static_cast<std::size_t>(band - 71)]);
    }
  }
  return centres;
}

std::vector<SensorPreset> make_presets() {
  constexpr std::array<std::int64_t, 3> kEight = {4, 2, 1};
  constexpr std::array<std::int64_t, 3> kFour = {2, 1, 0};
  std::vector<SensorPreset> presets = {
      {"wv3", "WorldView-3", 2047, 8, "wv3", {427, 482, 547, 604, 660, 723, 824, 914}, kEight},
      {"wv2", "WorldView-2", 2047, 8, "wv2", {427, 478, 546, 608, 659, 724, 831, 908}, kEight},
      {"qb", "QuickBird", 2047, 4, "qb", {482, 560, 660, 825}, kFour},
      {"gf2", "GaoFen-2", 1023, 4, "gf2", {485, 555, 660, 830}, kFour},
      {"ikonos", "IKONOS", 2047, 4, "ikonos", {480, 551, 665, 805}, kFour},
      {"ge1", "GeoEye-1", 2047, 4, "ge1", {480, 545, 672, 850}, kFour},
      {"landsat", "Landsat-7 ETM+", 255, 4, "landsat", {478, 561, 661, 834}, kFour},
      {"wv4", "WorldView-4", 2047, 4, "wv4", {480, 545, 672, 850}, kFour},
      // For scenes of sensors without a preset: `cfrun simulate` writes their scale, bands and ratio into the configuration.
      {"none", "another sensor", 2047, 4, "none", {485, 555, 660, 830}, kFour},
      // HyperPanCollection.
      {"wdc", "Washington DC Mall (HYDICE)", 1, 191, "none", {}, {59, 26, 16}},
      {"pavia", "Pavia Centre (ROSIS)", 1, 102, "none", evenly(430, 860, 102), {49, 28, 7}},
      {"botswana", "Botswana (Hyperion)", 1, 145, "none", botswana_wavelengths(), {19, 10, 1}},
      {"fr1", "HyperPanCollection's FR1", 1, 69, "none", {}, {29, 16, 4}},
      // `cfrun synth`'s own.
      {"hs", "synthetic imaging spectrometer", 10000, 102, "none", evenly(430, 930, 102), {42, 24, 6}},
      {"sar",
       "Sentinel-1 and Sentinel-2 (SEN12MS-CR)",
       10000,
       13,
       "none",
       {443, 490, 560, 665, 705, 740, 783, 842, 865, 945, 1375, 1610, 2190},
       {3, 2, 1},
       1,
       2,
       "clouds",
       SetLayout::sen12mscr},
  };
  for (SensorPreset& preset : presets) {
    if (preset.bands > 16) preset.metrics = "hyperspectral";
  }
  return presets;
}

}  // namespace

std::string SensorPreset::file_name(Split split) const {
  const bool lists = layout == SetLayout::sen12mscr;
  switch (split) {
    case Split::train: return lists ? "train.txt" : fmt::format("train_{}.h5", name);
    case Split::valid: return lists ? "valid.txt" : fmt::format("valid_{}.h5", name);
    case Split::test_reduced: return lists ? "test.txt" : fmt::format("test_{}_multiExm1.h5", name);
    case Split::test_full: return lists ? "test.txt" : fmt::format("test_{}_OrigScale_multiExm1.h5", name);
  }
  fail("presets: no such split");
}

std::span<const SensorPreset> sensor_presets() {
  static const std::vector<SensorPreset> presets = make_presets();
  return presets;
}

std::vector<std::string> sensor_names() {
  std::vector<std::string> names;
  for (const SensorPreset& preset : sensor_presets()) names.emplace_back(preset.name);
  return names;
}

const SensorPreset& sensor_preset(std::string_view name) {
  std::string known;
  for (const SensorPreset& preset : sensor_presets()) {
    if (preset.name == name) return preset;
    known += (known.empty() ? "" : ", ") + std::string(preset.name);
  }
  fail("no sensor '{}'; known are {}", name, known);
}

std::array<std::int64_t, 3> rgb_bands(std::int64_t bands) {
  if (bands > 16) {
    const auto at = [&](double nm) { return std::llround((nm - 430) / 500 * static_cast<double>(bands - 1)); };
    return {at(640), at(550), at(460)};
  }
  if (bands >= 8) return {4, 2, 1};
  if (bands >= 3) return {2, 1, 0};
  return {0, 0, 0};
}

std::array<std::int64_t, 3> rgb_bands(const SensorPreset& sensor, std::int64_t bands) {
  return bands == sensor.bands ? sensor.rgb : rgb_bands(bands);
}

std::int64_t band_at(std::span<const double> wavelengths, double nm, std::string_view where) {
  check(!wavelengths.empty(),
        "{}: no wavelengths are known, so no band can be found at {:g} nm; name bands by number (data.rgb), "
        "or list the wavelengths (data.wavelengths)",
        where, nm);
  const auto distance = [&](std::size_t b) { return std::abs(wavelengths[b] - nm); };
  std::size_t nearest = 0;
  for (std::size_t b = 1; b < wavelengths.size(); ++b) {
    if (distance(b) < distance(nearest)) nearest = b;
  }
  const auto [low, high] = std::minmax_element(wavelengths.begin(), wavelengths.end());
  check(distance(nearest) <= kNearby,
        "{}: no band at {:g} nm; the nearest is band {} at {:g} nm, of {} bands between {:g} and {:g} nm", where, nm, nearest + 1,
        wavelengths[nearest], wavelengths.size(), *low, *high);
  return static_cast<std::int64_t>(nearest);
}

double likely_scale(double largest) {
  if (largest <= 1.5) return 1;
  for (const double scale : {255.0, 1023.0, 2047.0, 4095.0}) {
    if (largest <= scale) return scale;
  }
  return 65535;
}

}  // namespace cf
