// The report of `cfrun fuse`: what it is told of a fused scene, and the page made of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/raster/raster.h"
#include "data/report/histogram.h"
#include "framework/core/device.h"
#include "framework/tensor/tensor.h"

namespace cf {

// A part of the scene as pictures: all of it, thinned out, or a piece at full resolution. f32, in DN, NaN where there is no
// data; at most kLookSide pixels along a side.
inline constexpr std::int64_t kLookSide = 1024;
struct SceneLook {
  std::string title;      // "Whole scene", "Detail at full resolution"
  Window window;          // of the output
  std::int64_t step = 1;  // output pixels per picture pixel along a side
  Tensor pan;             // (h, w, P)
  Tensor lms;             // (h, w, B)
  Tensor fused;           // (h, w, B)
};

// A raster that was read or written.
struct SceneRaster {
  std::string role;  // "PAN", "MS", "Output"
  std::string name;  // path, or paths
  std::string format;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t bands = 0;
  std::string type;  // "u16"
  std::string crs;   // "EPSG:32635"; empty: none
  std::optional<GeoTransform> transform;
  std::string nodata;  // "0", "-9999, mask", "none"
};

// Where the time went, in seconds. Reading and writing run beside computing; `waiting` is what computing waited for them.
struct SceneTimes {
  double total = 0;
  double surveying = 0;  // the pass over the scene before fusing, 0 where the method needs none
  double computing = 0;
  double reading = 0;
  double writing = 0;
  double waiting = 0;
};

struct FuseSummary {
  std::string method;                // "CF2N", "SSDiff", "EXP", "MTF-GLP-FS"
  std::filesystem::path checkpoint;  // empty: a classical method
  std::string sensor;                // "wv3", or any other name; empty: not known
  double scale = 0;                  // DN that the network saw as 1
  SceneRaster pan;
  SceneRaster ms;
  SceneRaster output;
  std::vector<std::string> band_names;
  std::vector<std::int64_t> rgb;  // 0-based bands shown as red, green, blue; empty: rgb_bands() of data/presets.h

  std::int64_t ratio = 0;       // of the network, output pixels per MS pixel
  double measured_ratio_x = 0;  // by the geotransforms
  double measured_ratio_y = 0;
  double offset_x = 0;  // of the MS image's first corner from the output's, in output pixels
  double offset_y = 0;
  std::string extent;  // "intersection", "pan", "union"
  std::string phase;   // "centred", "toolbox"
  std::string stats;   // "scene", "window"; empty where nothing is pooled

  std::int64_t pixels = 0;       // of the output grid
  std::int64_t nodata = 0;       // of these without data
  std::int64_t samples = 0;      // valid pixels times bands
  std::int64_t clamped = 0;      // samples that the output's type could not hold
  std::int64_t above_scale = 0;  // input samples above the scale
  std::int64_t moved = 0;        // valid samples that equalled nodata and were moved by one step

  std::int64_t tile = 0;
  std::int64_t halo = 0;
  std::int64_t tiles = 0;
  std::int64_t resumed_tiles = 0;    // of them taken over from an interrupted run
  std::int64_t computed_pixels = 0;  // with halos
  std::int64_t surveyed_pixels = 0;
  SceneTimes times;
  Device device;                // that computed
  std::int64_t peak_bytes = 0;  // of the process
  std::int64_t memory_limit = 0;

  std::vector<std::string> warnings;  // as they were printed
  std::vector<SceneLook> looks;       // may be empty
  std::optional<BandHistograms> lms;  // over the valid pixels, in DN
  std::optional<BandHistograms> fused;
};

// Writes the page, whole or not at all. Throws Error where it cannot be written.
void write_scene_report(const std::filesystem::path& file, const FuseSummary& summary);

}  // namespace cf
