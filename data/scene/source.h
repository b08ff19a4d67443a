// A scene as methods of fusing see it: parts on the output grid, read from the rasters of PAN and MS, scaled, filled where there
// is no data, with LMS interpolated.
#pragma once

#include <cstdint>
#include <vector>

#include "data/raster/raster.h"
#include "data/scene/grid.h"
#include "data/scene/lms_kernel.h"
#include "data/scene/method.h"
#include "data/scene/nodata.h"

namespace cf {

// What is asked for: a core inside the scene and as much around it as a method needs.
struct PartRequest {
  Window core;
  std::int64_t halo = 0;
  std::int64_t multiple = 1;
  bool pan = true;  // whether PAN and MS are needed beside LMS and what is valid
  bool ms = true;
};

// A piece of a raster in its own numbers: (rows, cols, bands).
struct RawImage {
  Window window;
  std::int64_t bands = 0;
  std::vector<float> samples;
  std::vector<std::uint8_t> valid;  // empty: all are
};

// What the rasters hold of a part; what is left to do needs no files.
struct RawPart {
  Window window;
  Window core;
  // Invalid pixels this far from valid ones matter.
  std::int64_t pan_reach = 0;
  std::int64_t ms_reach = 0;
  bool outside = false;  // no pixel of the core lies on MS: nothing was read
  bool with_pan = true;  // whether the part will have it; `pan` may be there for its gaps alone
  bool with_ms = true;
  RawImage pan;  // window in output pixels
  RawImage ms;   // window in MS pixels
  AxisTaps lms_row, lms_col;
  AxisTaps cell_row, cell_col;  // where cells are no MS pixels
  // Of the pixels of the core, valid ones above the scale.
  std::int64_t pan_above = 0;
  std::int64_t ms_above = 0;
};

class SceneSource {
 public:
  struct Parts {
    RasterReader& pan;
    RasterReader& ms;
    SceneAlignment alignment;
    std::vector<std::int64_t> ms_bands;  // that are used, in this order
    NodataRule pan_nodata;
    NodataRule ms_nodata;
    double scale = 1;
    bool count_above = true;  // whether values above the scale are of interest
  };
  explicit SceneSource(Parts parts);

  SceneGrid grid() const;
  const SceneAlignment& alignment() const { return parts_.alignment; }
  // The core with its halo, widened so that it begins and ends at multiples of `multiple` and of the ratio.
  Window window_of(const PartRequest& request) const;
  // Bytes of a part with a core of this size: as RawPart and as ScenePart (what making it takes included).
  std::int64_t raw_bytes(const PartRequest& request) const;
  std::int64_t part_bytes(const PartRequest& request) const;

  // Reads what a part needs. May run beside assemble(), not beside itself. Throws Error where a block cannot be read.
  RawPart read(const PartRequest& request);
  // In parallel. The result is the same however the scene is cut, apart from invalid pixels far from valid ones.
  ScenePart assemble(RawPart raw) const;

 private:
  bool on_pan(const Window& window) const;
  RawImage read_pan(const Window& window, std::int64_t reach);
  RawImage read_ms(std::int64_t row, std::int64_t row_end, std::int64_t col, std::int64_t col_end, std::int64_t reach);
  void read_ms_bands(const Window& window, std::vector<float>& out);
  std::int64_t ms_reach(std::int64_t halo) const;
  std::int64_t count_ms_above(const RawPart& part) const;

  Parts parts_;
  bool all_bands_;
  std::vector<float> scratch_;
};

}  // namespace cf
