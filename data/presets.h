// What is known of the sensors whose data the field exchanges.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cf {

enum class Split { train, valid, test_reduced, test_full };

struct SensorPreset {
  std::string_view name;   // "wv3", as in the names of PanCollection's files
  std::string_view title;  // "WorldView-3"
  double scale;            // the largest DN: 2047 for 11 bits, 1023 for 10, 255 for 8
  std::int64_t bands;
  std::string_view mtf;  // the sensor's name in the table of MTF gains (data/image/mtf.h)

  // PanCollection's file name: "train_wv3.h5", "test_wv3_multiExm1.h5", ...
  std::string file_name(Split split) const;
};

std::span<const SensorPreset> sensor_presets();
// Throws Error that lists the known names.
const SensorPreset& sensor_preset(std::string_view name);

// The bands (0-based) shown as red, green and blue: 5, 3, 2 (1-based) of eight or more, which are WorldView-2's and -3's;
// 3, 2, 1 of three to seven, in the order B, G, R, NIR; the first for all three otherwise.
std::array<std::int64_t, 3> rgb_bands(std::int64_t bands);

// The usual scale (255, 1023, 2047, 4095, 65535) of data whose largest value is this.
double likely_scale(double largest);

}  // namespace cf
