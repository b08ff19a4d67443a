// Metrics of rasters of any size, tile by tile.
#pragma once

#include <cstdint>
#include <functional>

#include "data/quality/quality.h"
#include "data/raster/raster.h"
#include "data/scene/nodata.h"
#include "data/scene/source.h"

namespace cf::measure {

struct MeasuredRaster {
  RasterReader& reader;
  NodataRule nodata;
};

struct Measurement {
  MetricList metrics;
  std::int64_t rows = 0;  // of what was measured
  std::int64_t cols = 0;
  std::int64_t pixels = 0;  // that had data, of rows x cols
};

struct MeasureOptions {
  QualityOptions quality;     // variant: toolbox
  std::vector<double> gains;  // MTF of D_lambda_K; empty: of quality's sensor
  std::int64_t tile = 512;    // side of what is computed at once
  std::function<void(std::int64_t done, std::int64_t total)> progress = [](std::int64_t, std::int64_t) {};
};

// As evaluate_reduced(); pixels without data in either raster do not count. Throws Error where they differ in size, bands or
// place, nothing is left to measure, or a block cannot be read.
Measurement measure_reduced(const MeasuredRaster& fused, const MeasuredRaster& reference, const MeasureOptions& options);

// As evaluate_full(), LMS and low-pass PAN being made here from the scene's MS and PAN: with the toolbox's phase as
// upsample_lms() makes them, with circular borders; centred, as `cfrun fuse` places LMS. The fused raster is on the scene's grid;
// rows and columns beyond its last whole cell of R x R pixels are left out. Throws Error as above.
Measurement measure_full(const MeasuredRaster& fused, SceneSource& scene, const MeasureOptions& options);

}  // namespace cf::measure
