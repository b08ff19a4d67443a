// What `cfrun info` says of rasters.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/raster/raster.h"

namespace cf {

// A band's samples. Of valid ones, which are neither masked, nor nodata, nor NaN or infinite; meaningless where there is none.
struct BandReport {
  std::int64_t valid = 0;
  std::int64_t nodata = 0;  // unmasked samples that equal the band's nodata value
  std::int64_t bad = 0;     // NaN or infinite, apart from nodata
  double least = 0;
  double largest = 0;
  double mean = 0;
  double deviation = 0;  // the standard deviation
};

struct RasterReport {
  RasterInfo info;
  std::vector<BandReport> bands;
  std::int64_t masked = 0;  // pixels that a mask or alpha band takes out
  int bits = 0;             // the fewest of 8, 10, 11, 12, 16 that hold all values, for unsigned integers; 0: another type
  std::vector<std::string> warnings;
};

// Reads all of a raster, some rows at a time. `scale`: what it will be used with, 0 where that is not known. Throws Error as
// open_raster() and RasterReader::read() do; what else is unusual becomes a warning.
RasterReport describe_raster(RasterReader& raster, double scale = 0);

// The report as a table and sentences, ready to print.
std::string to_text(const RasterReport& report);

}  // namespace cf
