// What is known of the sensors whose data the field exchanges. docs/data.md says where it is known from.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cf {

enum class Split { train, valid, test_reduced, test_full };

// How a sensor's set lies on disk: PanCollection's HDF5 files, or SEN12MS-CR's folders of GeoTIFFs.
enum class SetLayout { pancollection, sen12mscr };

struct SensorPreset {
  std::string_view name;   // "wv3", as in the names of PanCollection's files
  std::string_view title;  // "WorldView-3"
  double scale;            // the largest DN: 2047 for 11 bits, 1023 for 10, 255 for 8; 1 where files hold shares of it
  std::int64_t bands;
  std::string_view mtf;             // the sensor's name in the table of MTF gains (data/image/mtf.h)
  std::vector<double> wavelengths;  // centre of each band in nm; empty: not known
  std::array<std::int64_t, 3> rgb;  // 0-based bands shown as red, green, blue
  std::int64_t ratio = 4;
  std::int64_t pan_bands = 1;
  std::string_view metrics = "toolbox";  // a name of QualityOptions::Variant
  SetLayout layout = SetLayout::pancollection;

  // The file's name in PanCollection's style, "train_wv3.h5", "test_wv3_multiExm1.h5", ...; of SEN12MS-CR's layout the list of
  // a split, "train.txt" (both tests are "test.txt").
  std::string file_name(Split split) const;
};

std::span<const SensorPreset> sensor_presets();
// Their names, in that order.
std::vector<std::string> sensor_names();
// Throws Error that lists the known names.
const SensorPreset& sensor_preset(std::string_view name);

// The bands (0-based) shown as red, green and blue where no sensor says: 5, 3, 2 (1-based) of eight or more, which are
// WorldView-2's and -3's; 3, 2, 1 of three to seven, in the order B, G, R, NIR; the first for all three otherwise. Above 16, as
// if bands were spread evenly over 430 .. 930 nm.
std::array<std::int64_t, 3> rgb_bands(std::int64_t bands);
// The same of a sensor's images, where they have the sensor's number of bands.
std::array<std::int64_t, 3> rgb_bands(const SensorPreset& sensor, std::int64_t bands);

// The band (0-based) whose centre is nearest to `nm`. Throws Error where that is more than 30 nm away; `where` says whose
// wavelengths they are.
std::int64_t band_at(std::span<const double> wavelengths, double nm, std::string_view where);

// The usual scale (1, 255, 1023, 2047, 4095, 65535) of data whose largest value is this.
double likely_scale(double largest);

}  // namespace cf
