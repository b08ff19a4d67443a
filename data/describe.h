// What `cfrun info FILE` says of a data set.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cf {

struct ArrayReport {
  std::string name;
  std::vector<std::int64_t> shape;  // in the file's order
  std::string type;
  std::string layout;  // "contiguous", "chunks 1 x 8 x 64 x 64, gzip 4 + shuffle"
  bool numeric = false;
  // Of the finite values; meaningless where there is none.
  double least = 0;
  double largest = 0;
  double mean = 0;
  std::int64_t bad = 0;  // NaN or infinite values
};

// Whether lms is what the 23-tap interpolation makes of ms. Patches cut from a larger image agree only inside: the filter
// reaches across the border, and the first 24 pixels from it are left out.
struct LmsReport {
  std::int64_t samples = 0;       // looked at, spread over the set
  double largest_difference = 0;  // DN
  bool agrees = false;            // within 1 DN
  std::string unchecked;          // why nothing was compared; empty where it was
};

struct DataReport {
  std::filesystem::path path;
  std::string format;  // "HDF5", "MATLAB 5", "MATLAB 7.3"
  std::vector<ArrayReport> arrays;
  // For a file that is a data set (ms and pan present); 0 and empty otherwise.
  std::int64_t samples = 0;
  std::int64_t bands = 0;
  std::int64_t pan_bands = 0;
  double ratio = 0;              // PAN pixels per MS pixel along a side
  std::string sensor;            // the preset that the file's name mentions; empty: none
  double expected_scale = 0;     // what was given, else the sensor's; 0: unknown
  double fitting_scale = 0;      // the usual scale that the largest value of gt, ms, pan fits
  std::optional<LmsReport> lms;  // where ms and lms are there
  std::vector<std::string> warnings;
};

// Reads the file once, a piece at a time. `scale`: what the configuration says, 0 where there is none. Throws Error on files
// that cannot be read; everything else that is wrong with the data becomes a warning.
DataReport describe_data(const std::filesystem::path& path, double scale = 0);

// The report as a table and sentences, ready to print.
std::string to_text(const DataReport& report);

}  // namespace cf
