// Windows of a scene at reduced resolution, by Wald's protocol, from rasters of any size.
#pragma once

#include <cstdint>
#include <vector>

#include "data/raster/raster.h"
#include "data/scene/grid.h"
#include "data/scene/nodata.h"
#include "data/scene/source.h"
#include "data/simulate.h"

namespace cf::simulate {

struct WindowImages {
  ReducedSet images;                // gt empty at full resolution
  std::vector<std::uint8_t> valid;  // of each pixel of LMS; empty: all
};

class Reducer {
 public:
  struct Parts {
    RasterReader& pan;
    RasterReader& ms;
    SceneAlignment alignment;
    NodataRule pan_nodata;
    NodataRule ms_nodata;
    std::vector<double> gains;   // MTF gain of each band, or one
    double pan_gain = 0;         // 0: PAN is made smaller by imresize alone, as the toolbox does it
    bool whole_numbers = false;  // results are rounded to 0 .. 65535, LMS apart
  };
  explicit Reducer(Parts parts);

  std::int64_t ratio() const { return parts_.alignment.ratio; }
  std::int64_t bands() const { return static_cast<std::int64_t>(parts_.ms.info().bands.size()); }
  std::int64_t pan_bands() const { return static_cast<std::int64_t>(parts_.pan.info().bands.size()); }
  bool whole_numbers() const { return parts_.whole_numbers; }
  // Whether pixels may lack data at all.
  bool gaps() const { return parts_.pan_nodata.possible() || parts_.ms_nodata.possible(); }
  // MS pixels that have PAN beside them.
  Window usable() const;

  // Rows and columns of MS, in multiples of the ratio: MS becomes the ground truth and is degraded (MTF with replicated borders
  // of the raster, decimated where lms_decimation() says); PAN is brought onto MS's pixels by the antialiased bicubic filter of
  // imresize, centred by the geotransforms, whatever the exact ratio; LMS is interpolated from the degraded MS, which is mirrored
  // beyond the raster. Invalid pixels are filled from the nearest valid ones first.
  WindowImages reduce(const Window& window);
  // Which of these MS pixels have data, in PAN too.
  std::vector<std::uint8_t> valid_pixels(const Window& window);

  // The same at full resolution: a window of MS pixels, which are cells of ratio x ratio PAN pixels, resampled where the grids do
  // not agree; LMS is upsample_lms() of these. `window` counts cells from the first of the area that both rasters cover.
  WindowImages observe(const Window& window);
  // The cells whose centres lie in a window of MS.
  Window cells_in(const Window& window) const;

 private:
  struct Resampling;
  Planes pan_on_ms(const Window& window, std::vector<std::uint8_t>& valid);
  Planes read_ms(const Window& window, std::vector<std::uint8_t>& valid);
  Planes degraded(const Window& coarse);

  Parts parts_;
  SceneSource source_;
};

}  // namespace cf::simulate
